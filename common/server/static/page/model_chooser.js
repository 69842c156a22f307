// The choice of another model: it is loaded beside the running one, which stays in use when it cannot be loaded.

const PLACEHOLDER = "change";

function newOption(name, processor) {
  const option = new Option(name, name);
  if (processor !== undefined) option.dataset.processor = processor;
  return option;
}

function newGroup(label, options) {
  const group = document.createElement("optgroup");
  group.label = label;
  group.append(...options);
  return group;
}

export class ModelChooser {
  #select;

  /** `onChoose(name, processor)` is called when the viewer chooses a model for a processor. */
  constructor(select, onChoose) {
    this.#select = select;
    select.addEventListener("change", () => {
      onChoose(select.value, select.selectedOptions[0].dataset.processor);
      select.selectedIndex = 0; // the model that runs is shown beside it
    });
  }

  /**
   * Offers the models `names` to each of the processors that runs another one, whose `model` is the name of a file;
   * to none that runs code of its own. Those of several processors are in groups.
   */
  setModels(names, processors) {
    const users = processors.filter(({ has_model = true }) => has_model);
    const offers = users.map(({ name: processor, model }) => {
      const others = names.filter((name) => name !== "default" && `${name}.onnx` !== model);
      return { processor, options: others.map((name) => newOption(name, processor)) };
    });
    const offered = offers.filter(({ options }) => options.length);
    this.#select.hidden = !offered.length;
    this.#select.replaceChildren(
      new Option(PLACEHOLDER, "", true, true),
      ...offered.flatMap(({ processor, options }) => (users.length > 1 ? newGroup(processor, options) : options)),
    );
    this.#select.options[0].disabled = true;
  }
}
