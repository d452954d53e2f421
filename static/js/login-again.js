// A log-in that has ended: the login form opens over the page, and what was refused is sent again after it.
import { sendAgain } from "./kit/requests.js"
import { fromTemplate } from "./kit/templates.js"

let refused = []
const dialog = () => document.getElementById("login-again")
const page = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html")

document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.xhr.status !== 401 || !dialog()) return
  if (detail.requestConfig.triggeringEvent?.type === "news") return offer() // nobody pressed anything: only say so
  refused.push(detail)
  open().catch(offer)
})

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-login-again]")) open().catch(offer)
})

document.addEventListener("submit", (event) => {
  if (!event.target.matches("#login-again form")) return
  event.preventDefault()
  logIn(event.target).catch(offer)
})

function offer() {
  dialog().close()
  document.getElementById("problems").replaceChildren(fromTemplate("logged-out"))
}

async function open() {
  document.getElementById("problems").replaceChildren()
  if (!dialog().open) show(await page(await fetch(document.body.dataset.login)))
}

async function logIn(form) {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" })
  if (answer.type === "opaqueredirect") await goOn()
  else show(await page(answer))
}

function show(found) {
  const form = found.querySelector("form[data-login]") ?? doorsOf(found)
  if (!form) return found.body.dataset.user ? goOn() : offer() // logged in meanwhile, in another tab
  if (form.elements?.email) form.elements.email.value ||= dialog().dataset.email
  dialog().querySelector("[data-login-form]").replaceChildren(form)
  if (!dialog().open) dialog().showModal()
  const first = ["[data-focus]", "[type=password]", "input:not([type=hidden])", "[data-doors] a"].map((mark) => dialog().querySelector(mark)).find(Boolean)
  first?.focus()
}

// Only single sign-on lets in: that opens beside this page, which goes on once one is back at it.
function doorsOf(found) {
  const doors = found.querySelector("[data-doors]")
  for (const way of doors?.querySelectorAll("a") ?? []) way.target = "_blank"
  return doors
}

addEventListener("focus", () => {
  if (dialog()?.open && dialog().querySelector("[data-doors]")) goOn().catch(offer)
})

// The password was right, and a second step is to follow; or nobody was let in after all.
async function askForCode() {
  const found = await page(await fetch(`${document.body.dataset.login}/code`))
  if (found.querySelector("form[data-login] [name=code]")) show(found)
  else offer()
}

// The new log-in has a new token. Another person's log-in must not send what this one wrote.
async function goOn() {
  const { body } = await page(await fetch(location.href))
  if (!body.dataset.user) return askForCode()
  if (body.dataset.user !== document.body.dataset.user) return location.reload()
  const headers = body.getAttribute("hx-headers")
  document.body.setAttribute("hx-headers", headers)
  for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = JSON.parse(headers)["X-CSRFToken"]
  dialog().close()
  const again = refused
  refused = []
  for (const detail of again) sendAgain(detail)
}
