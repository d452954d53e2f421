// Shows or hides what is typed in the password field that a [data-shows] names.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-shows]")
  if (!button) return
  const field = document.getElementById(button.dataset.shows)
  const isHidden = field.type === "password"
  field.type = isHidden ? "text" : "password"
  button.setAttribute("aria-pressed", String(isHidden))
  field.focus()
})
