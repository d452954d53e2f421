// What a morph leaves alone when others' changes redraw a panel: what is being typed, opened, ticked or looked at.
const isBeingTyped = (element) => element === document.activeElement && element.matches("input, textarea, select")

Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
  if (!(old instanceof Element && fresh instanceof Element)) return true
  if (old.matches("details[open]")) fresh.setAttribute("open", "")
  if (old.matches("[data-row].is-here")) fresh.classList.add("is-here")
  if (old.matches("[data-row] [type=checkbox], .bulk [type=checkbox]")) fresh.toggleAttribute("checked", old.checked)
  if (old.dataset.numberOf && old.dataset.numberOf === fresh.dataset.numberOf) return false // the new one is asked for
  return !isBeingTyped(old) && !old.matches("[data-keep], [data-chosen], [data-chosen-said], :popover-open, dialog[open]")
}

// Who asked may have left the page before the answer came, taken away by another one. Out of reach of the body, where the
// extension is named, its swap would put the new panel into the old one.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asker = detail.requestConfig.elt
  if (!asker.isConnected) asker.setAttribute("hx-ext", "morph")
})
