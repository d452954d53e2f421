// The pane beside the list says of a ticket that is not there, or not any more, that it is gone.
import { fromTemplate } from "./kit/templates.js"

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail
  if (xhr.status !== 404 || !["preview", "previewed"].includes(elt.id)) return
  event.preventDefault()
  const gone = fromTemplate("preview-gone")
  document.getElementById("previewed").replaceWith(gone)
  document.querySelector("[data-preview-said]").replaceChildren(gone.querySelector("h2").textContent)
})
