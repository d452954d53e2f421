// Lets a form go once: a second press while it is on its way is not a second ticket. Errors and "Back" free it.
const busy = (form, isBusy) => {
  form.toggleAttribute("data-sending", isBusy)
  for (const button of form.querySelectorAll("button:not([type=button])")) button.classList.toggle("is-busy", isBusy && button === form.pressed)
}

document.addEventListener("submit", (event) => {
  const form = event.target
  if (form.hasAttribute("data-sending")) return event.preventDefault()
  if (event.defaultPrevented || form.method === "get" || form.hasAttribute("hx-post")) return
  form.pressed = event.submitter
  busy(form, true)
  setTimeout(busy, 8000, form, false) // the answer never came: it may be tried again
})

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt
  if (!form.matches("form") || event.detail.requestConfig.verb === "get") return
  if (form.hasAttribute("data-sending")) return event.preventDefault()
  form.pressed = event.detail.requestConfig.triggeringEvent?.submitter
  busy(form, true)
})

document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig } }) => {
  if (requestConfig.elt.matches("form")) busy(requestConfig.elt, false)
})
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) busy(form, false)
})
