// With a pane beside the list (preview.js), a click chooses a row, and another one opens it.
let isChosen = false // whether what is pressed was shown before it was

const shown = () => document.querySelector("#preview:not([hidden])")?.dataset.wanted

document.addEventListener("pointerdown", ({ target }) => {
  const row = target.closest("[data-row]")
  isChosen = Boolean(row) && row.id === `row-${shown()}`
}, true)

document.addEventListener("click", (event) => {
  const title = event.target.closest("[data-row] .ticket-title")
  const isPlain = event.detail && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
  if (!title || !shown() || isChosen || !isPlain) return
  event.preventDefault()
  title.focus()
})
