// What a morph leaves alone when others' changes redraw a panel: what is being typed, opened, ticked or looked at.
const isBeingTyped = (element) => element === document.activeElement && element.matches("input, textarea, select")

Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
  if (!(old instanceof Element && fresh instanceof Element)) return true
  if (old.matches("details[open]")) fresh.setAttribute("open", "")
  if (old.matches("[data-row].is-here")) fresh.classList.add("is-here")
  if (old.matches("[data-row] [type=checkbox], .bulk [type=checkbox]")) fresh.toggleAttribute("checked", old.checked)
  return !isBeingTyped(old) && !old.matches("[data-keep], [data-chosen], [data-chosen-said], :popover-open, dialog[open]")
}
