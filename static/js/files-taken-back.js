// [data-takes-back] has the desk remove a file that is not sent yet, and its row goes.
import { sayAloud, takeAway } from "./kit/file-rows.js"
import { post } from "./kit/requests.js"

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-takes-back]")
  if (!button) return
  event.preventDefault()
  button.focus() // not every browser does
  takeBack(button.closest(".file"), button)
})

// A row may have been drawn anew before the desk answers.
async function takeBack({ id }, { formAction, dataset }) {
  const answer = await post(formAction, {}).catch(() => null)
  const row = document.getElementById(id)
  if (!row) return
  if (answer?.ok || answer?.status === 404) return takeAway(row)
  row.querySelector(".file-said").textContent = dataset.failed
  sayAloud(row)
}
