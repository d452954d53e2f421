// Gives a form[data-files] the files that are chosen, dropped on it or pasted, as `files:given`.
import { fill } from "./kit/templates.js"

const formOf = ({ target }) => target.closest?.("form[data-files]")
const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files")
const give = (form, files) => form.dispatchEvent(new CustomEvent("files:given", { bubbles: true, detail: files }))

document.addEventListener("change", ({ target }) => {
  if (!target.matches("form[data-files] input[type=file]")) return
  const files = [...target.files]
  target.value = "" // so that the form does not send them once more
  give(target.form, files)
})

document.addEventListener("dragover", (event) => {
  if (!hasFiles(event) || !document.querySelector("form[data-files]")) return
  event.preventDefault() // a file that falls beside the form does not take its place
  event.dataTransfer.dropEffect = formOf(event) ? "copy" : "none"
  over(formOf(event))
})

document.addEventListener("dragleave", (event) => event.relatedTarget || over(null))

document.addEventListener("drop", (event) => {
  over(null)
  if (!hasFiles(event) || !formOf(event)) return
  event.preventDefault()
  give(formOf(event), [...event.dataTransfer.files])
})

function over(form) {
  for (const other of document.querySelectorAll("form[data-files]")) other.classList.toggle("is-over", other === form)
}

// A picture of the screen; of a text that is copied with a picture of itself, the text is meant.
document.addEventListener("paste", (event) => {
  const form = formOf(event)
  const { files = [], types = [] } = event.clipboardData ?? {}
  if (!form || !files.length || types.includes("text/plain")) return
  event.preventDefault()
  give(form, [...files].map((file) => named(form, file)))
})

// Browsers call every picture of the screen "image.png".
function named(form, file) {
  const at = new Date().toLocaleString("sv").replaceAll(":", ".")
  const name = `${fill(form.dataset.pasted, { at })}.png`
  return file.name === "image.png" ? new File([file], name, { type: file.type }) : file
}
