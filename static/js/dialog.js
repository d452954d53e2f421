// Opens the dialog that a [data-opens] names (Ctrl+K: the palette), and closes it from a [data-closes] or a click
// beside it. On a link, [data-opens] is what a script adds: without one the link leads on.
function open(dialog) {
  if (!dialog.open) dialog.showModal()
  dialog.dispatchEvent(new CustomEvent("dialog:opened", { bubbles: true }))
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]")
  const dialog = opener && document.getElementById(opener.dataset.opens)
  if (dialog && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    opener.closest("[popover]")?.hidePopover()
    open(dialog)
  }
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close()
  if (event.target.matches("dialog[open]") && isBeside(event)) event.target.close()
})

document.addEventListener("keydown", (event) => {
  const palette = document.getElementById("palette")
  if (!palette || event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
  event.preventDefault()
  open(palette)
})

function isBeside({ target, clientX, clientY, detail }) {
  const box = target.getBoundingClientRect()
  return detail > 0 && (clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom)
}
