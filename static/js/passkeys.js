// A [data-passkey] button asks the device for a passkey, to `get` or to `create` one, and sends the answer with its form.
import { post } from "./kit/requests.js"

// Where the browser knows none, what needs them stays hidden.
const areKnown = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON && navigator.credentials)
if (areKnown) document.documentElement.dataset.passkeys = "on"

class Problem extends Error {} // its message is what the server says

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-passkey]")
  if (!button || !areKnown) return
  event.preventDefault()
  if (button.classList.contains("is-busy")) return
  const says = button.form.querySelector("[data-passkey-says]")
  says.textContent = ""
  button.classList.add("is-busy")
  ask(button)
    .catch((error) => (says.textContent = error instanceof Problem ? error.message : words(says, error)))
    .finally(() => button.classList.remove("is-busy"))
})

async function ask({ dataset, form }) {
  const isNew = dataset.passkey === "create"
  const answer = await post(dataset.options, isNew ? new FormData(form) : {})
  const wanted = await answer.json()
  if (!answer.ok) throw new Problem(wanted.problem)
  const began = performance.now()
  const credential = await (isNew ? make(wanted) : sign(wanted)).catch((error) => {
    throw performance.now() - began > wanted.timeout - 1000 ? new DOMException("", "TimeoutError") : error
  })
  form.elements.credential.value = JSON.stringify(credential)
  form.requestSubmit()
}

const make = (wanted) => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(wanted) })
const sign = (wanted) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(wanted) })

// Browsers do not tell whether somebody said no or had none to show.
const WORDS = { NotAllowedError: "none", AbortError: "none", InvalidStateError: "known", SecurityError: "elsewhere", TimeoutError: "late" }
const words = (says, error) => says.dataset[WORDS[error.name] ?? "other"]
