// The list of the editor: the name of each region, and buttons for what is done with it.

function button(text, label, onClick) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "button";
  node.textContent = text;
  node.setAttribute("aria-label", label);
  node.addEventListener("click", onClick);
  return node;
}

export class RegionList {
  #root;
  #handlers;
  #shown = "";

  /** Handlers: onSelect(index), onRename(index, name), onReverse(index), onDelete(index). */
  constructor(root, handlers) {
    this.#root = root;
    this.#handlers = handlers;
  }

  show(regions, selected) {
    const names = JSON.stringify(regions.map(({ kind, name }) => [kind, name]));
    if (names !== this.#shown) this.#root.replaceChildren(...regions.map((region, index) => this.#row(region, index)));
    this.#shown = names;
    [...this.#root.children].forEach((row, index) => row.classList.toggle("selected", index === selected));
  }

  #row({ kind, name }, index) {
    const row = document.createElement("li");
    const label = document.createElement("span");
    label.className = "kind";
    label.textContent = kind;
    const field = document.createElement("input");
    field.value = name;
    field.maxLength = 40;
    field.autocomplete = "off";
    field.spellcheck = false;
    field.setAttribute("aria-label", `Name of the ${kind} ${name}`);
    field.addEventListener("change", () => this.#handlers.onRename(index, field.value.trim()));
    row.addEventListener("focusin", () => this.#handlers.onSelect(index));
    row.append(label, field);
    if (kind === "line") row.append(button("Reverse", `Reverse the direction of ${name}`, () => this.#handlers.onReverse(index)));
    row.append(button("Delete", `Delete ${name}`, () => this.#handlers.onDelete(index)));
    return row;
  }
}
