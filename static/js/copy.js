// Copies what [data-copies] names by its id, and says so on the button. Where the browser keeps the clipboard to itself
// (a page without TLS), what there is to copy is selected instead.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]")
  if (!button) return
  const text = document.getElementById(button.dataset.copies)
  try {
    await navigator.clipboard.writeText(text.textContent)
    button.querySelector("[data-words]").textContent = button.dataset.copied
  } catch {
    getSelection().selectAllChildren(text)
  }
})
