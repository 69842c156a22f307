// The switches of layers: one for each processor where there are several, with the colour of its boxes.

function newSwitch({ name }, { colour, dashes }, isOn) {
  const label = document.createElement("label");
  label.className = "switch";
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", checked: isOn, name });
  input.setAttribute("role", "switch");
  label.append(input, newSwatch({ colour, dashes }), name);
  return label;
}

/** A sample of the line of a layer's boxes. */
export function newSwatch({ colour, dashes }) {
  const swatch = document.createElement("i");
  swatch.className = dashes.length ? "swatch dashed" : "swatch";
  swatch.style.setProperty("--layer", colour);
  return swatch;
}

export class LayerSwitches {
  #root;
  #off; // names of processors, also of those without a switch
  #processors = [];

  /** `off` are the names of the processors that are switched off; `onChange(names)` is called with the new ones. */
  constructor(root, off, onChange) {
    this.#root = root;
    this.#off = new Set(off);
    root.addEventListener("change", ({ target }) => {
      if (target.checked) this.#off.delete(target.name);
      else this.#off.add(target.name);
      onChange([...this.#off]);
    });
  }

  /** The names of the processors whose switch is off. */
  get off() {
    return new Set(this.#processors.map(({ name }) => name).filter((name) => this.#off.has(name)));
  }

  /** Shows a switch for each of several processors, in its style. */
  setProcessors(processors, styles) {
    const names = (list) => list.map(({ name }) => name).join("\n");
    if (names(processors) === names(this.#processors)) return;
    this.#processors = styles.size ? processors : [];
    const switches = this.#processors.map((each) => newSwitch(each, styles.get(each.name), !this.#off.has(each.name)));
    this.#root.replaceChildren(...switches);
    this.#root.hidden = !switches.length;
  }

  /** Shows only the switches of the processors of a camera; null for all. */
  setCamera(camera) {
    this.#processors.forEach(({ cameras }, index) => {
      this.#root.children[index].hidden = camera !== null && !cameras.includes(camera);
    });
  }
}
