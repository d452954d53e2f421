// Ctrl+Enter sends the form one writes in, by the button nearest to the words. In a .composer the chosen tab gives
// the ground: white for a reply, amber for a note.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches?.("textarea")) return
  event.preventDefault()
  const { form } = event.target
  const near = event.target.closest("[role=tabpanel]:has(button:not([type=button], [form]))") ?? form
  const button = near?.querySelector("button:not([type=button], [form])")
  form?.requestSubmit(button?.form === form ? button : null)
})

// What one has just said comes into view.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail.requestConfig?.elt.closest(".composer") || detail.requestConfig.verb === "get" || !detail.successful) return
  document.querySelector(".timeline > :last-child")?.scrollIntoView({ block: "nearest" })
})

document.addEventListener("tab:chosen", ({ target, detail }) => {
  const composer = target.closest(".composer")
  if (!composer) return
  composer.classList.toggle("is-note", target.matches(".for-note"))
  if (detail.byKey) document.querySelector(`#${target.getAttribute("aria-controls")} textarea`)?.focus()
})
