// Rows of files that have arrived in part: [data-ways] says where such a file goes on. Whether what is chosen is the same
// file, the SHA-256 of its parts tells; browsers hash on safe connections alone, so elsewhere it is not offered.
import { listOf } from "./file-rows.js"

const UNTIDY = /[\\/:*?"<>|]+/g // as the desk keeps names

function isLike({ dataset }, { name, size }) {
  return dataset.name === name.normalize("NFC").replace(UNTIDY, "_") && Number(dataset.size) === size
}

// The row that this file goes on with, if there is one; `row` is the one it was chosen for, if it was for one.
export function partRowOf(upload, row) {
  if (!crypto.subtle) return undefined
  const rows = row ? [row] : [...(listOf(upload)?.querySelectorAll("[data-ways]") ?? [])]
  return rows.find((each) => isLike(each, upload.file))
}

export function goOnWith(upload, partRow) {
  const isHere = partRow.contains(document.activeElement)
  Object.assign(upload, { partRow, told: JSON.parse(partRow.dataset.ways), sent: Number(partRow.dataset.arrived) })
  partRow.replaceWith(upload.row)
  if (isHere) upload.row.querySelector("[data-act]:not([hidden])").focus()
}

// It is another file: what has arrived stays as it was, and this one begins by itself.
export function leaveApart(upload) {
  const { row, partRow } = upload
  if (partRow) row.before(partRow)
  Object.assign(upload, { partRow: null, told: null, isPut: false, hashes: [], sent: 0 })
}
