// Wears the theme or the row height of a [data-appearance] form at once, and tells the server behind the scenes.
import { post } from "./kit/requests.js"

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-appearance]")
  const choice = event.submitter
  if (!form || !choice?.name) return
  event.preventDefault()

  const root = document.documentElement
  if (choice.value === "system") delete root.dataset.theme
  else root.dataset[choice.name] = choice.value
  for (const other of document.querySelectorAll(`[data-appearance] [name="${choice.name}"]`)) {
    other.setAttribute("aria-pressed", String(other.value === choice.value))
  }
  post(form.action, { [choice.name]: choice.value }).catch(() => {}) // worn here all the same
})
