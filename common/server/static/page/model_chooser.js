// The choice of another model: it is loaded beside the running one, which stays in use when it cannot be loaded.

const PLACEHOLDER = "change";

export class ModelChooser {
  #select;

  /** `onChoose(name)` is called when the viewer chooses a model. */
  constructor(select, onChoose) {
    this.#select = select;
    select.addEventListener("change", () => {
      onChoose(select.value);
      select.selectedIndex = 0; // the model that runs is shown beside it
    });
  }

  /** Offers these models where there is another one than `current`, which is the name of a file. */
  setModels(names, current) {
    const others = names.filter((name) => name !== "default" && `${name}.onnx` !== current);
    this.#select.hidden = others.length === 0;
    this.#select.replaceChildren(new Option(PLACEHOLDER, "", true, true), ...others.map((name) => new Option(name, name)));
    this.#select.options[0].disabled = true;
  }
}
