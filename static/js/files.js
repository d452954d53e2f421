// Sends the files that a form[data-files] is given straight to the store, three at once, each with a row that says where
// it is; once it is there, the desk's own row takes its place.
import { drawRow, isUnderWay, listOf, newRow, takeAway, unfit } from "./kit/file-rows.js"
import { goOnWith, leaveApart, partRowOf } from "./kit/part-rows.js"
import { fill } from "./kit/templates.js"
import { forget, sendFile, stop, uploads } from "./kit/uploads.js"

const AT_ONCE = 3

// One that has arrived in part goes on, if it is that file; `chosenFor` is the row that it was chosen for, if it was.
function add(form, files, chosenFor) {
  for (const file of files) {
    const upload = { file, scope: form.dataset.draft, url: form.dataset.files, sent: 0, hashes: [] }
    upload.progress = (loaded) => drawRow(Object.assign(upload, { loaded }))
    uploads.add(upload)
    newRow(upload)
    const partRow = partRowOf(upload, chosenFor)
    become(upload, unfit(upload) || "waiting")
    if (partRow) goOnWith(upload, partRow)
    else if (chosenFor) sayApart(upload)
  }
  next()
}

function next() {
  for (const upload of uploads) {
    if ([...uploads].filter(({ state }) => state === "uploading").length >= AT_ONCE) return
    if (upload.state === "waiting") start(upload)
  }
}

function become(upload, state, said) {
  upload.state = state
  if (!isUnderWay(upload)) upload.loaded = undefined
  drawRow(upload, said)
  document.dispatchEvent(new CustomEvent("files:changed"))
}

async function start(upload) {
  upload.isStopped = false
  become(upload, "uploading", upload.partRow && upload.row.dataset.comparing)
  try {
    await sendFile(upload)
    await arrive(upload)
  } catch (problem) {
    if (upload.isGone) await forget(upload)
    else if (problem.state === "another") sendApart(upload)
    else if (problem.state === "stopped") become(upload, upload.told?.parts_url ? "paused" : "stopped")
    else become(upload, problem.state ?? "failed", problem.said)
  }
  next()
}

function sendApart(upload) {
  leaveApart(upload)
  sayApart(upload)
  become(upload, "waiting")
}

function sayApart(upload) {
  const place = upload.row.closest("form")?.querySelector("[data-files-state]")
  if (place) place.textContent = fill(place.dataset.apart, { name: upload.file.name })
}

async function arrive(upload) {
  uploads.delete(upload)
  const isHere = upload.row.contains(document.activeElement)
  become(upload, "arrived")
  await htmx.ajax("GET", upload.told.row_url, { source: upload.row, target: upload.row, swap: "outerHTML" }).catch(() => null)
  if (isHere && document.activeElement === document.body) document.querySelector(`#file-${upload.told.id} button`)?.focus()
}

const acts = {
  pause: stop,
  resume: wait,
  again: wait,
  cancel(upload) {
    const isBusy = upload.state === "uploading"
    upload.isGone = true
    uploads.delete(upload)
    stop(upload)
    takeAway(upload.row)
    if (!isBusy) forget(upload)
    document.dispatchEvent(new CustomEvent("files:changed"))
    next()
  },
}

function wait(upload) {
  become(upload, "waiting")
  next()
}

document.addEventListener("files:given", ({ target, detail }) => add(target.closest("form"), detail, target.closest(".file")))

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]")
  if (!button) return
  event.preventDefault()
  button.focus() // not every browser does
  acts[button.dataset.act](button.closest(".file").upload)
})

// What the network took, it may have given back; a form that was drawn anew gets the rows of what is on its way.
addEventListener("online", () => [...uploads].filter(({ state }) => ["lost", "noDesk"].includes(state)).forEach(wait))
document.addEventListener("htmx:afterSettle", () => {
  for (const { row, told, ...upload } of uploads) {
    if (row.isConnected) continue
    const drawn = document.getElementById(`file-${told?.id}`)
    if (drawn) drawn.replaceWith(row)
    else listOf(upload)?.append(row)
  }
})
