// A reply that arrives while one writes another: said at once. Whoever goes on writing has seen it, whoever sends
// without another letter is asked by the server, which compares `seen_replies`.
const replies = () => Number(document.querySelector("#ticket")?.dataset.replies ?? 0)
const counted = (form) => form?.querySelector("[name=seen_replies]")

function haveSeen(form) {
  counted(form).value = replies()
  form.querySelector("[data-newer]").hidden = true
}

document.addEventListener("htmx:afterSettle", () => {
  const form = counted(document)?.form
  if (!form || replies() <= Number(counted(form).value)) return
  const said = form.querySelector("[data-newer]")
  if (!form.body.value.trim()) return haveSeen(form)
  said.textContent = said.dataset.newer
  said.hidden = false
})

document.addEventListener("input", ({ target }) => {
  const form = target.closest?.(".composer form")
  if (counted(form) && replies() > Number(counted(form).value)) haveSeen(form)
})
