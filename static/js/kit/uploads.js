// One file's way to the store: announced at the desk, put where the desk says, whole or in parts, and said to be there.
// A lost connection is asked after: what has arrived is not sent again, nor is a file of which only the answer was lost.
import { ask } from "./asking.js"
import { putParts } from "./parts.js"
import { post } from "./requests.js"
import { put } from "./sending.js"

const GOOD_FOR = 540_000 // of an address

// Every file of this page that is not there yet, the first one first.
export const uploads = new Set()

export async function sendFile(upload) {
  for (let tries = 0; ; tries += 1) {
    try {
      await announce(upload)
      if (!upload.isPut) await (upload.told.parts_url ? putParts(upload) : put(upload, upload.told, upload.file, 1))
      upload.isPut = true
      return await ask(upload, upload.told.complete_url, wholeHashes(upload))
    } catch (problem) {
      const { told, sent } = upload
      const isStale = problem.state === "gone" || (problem.state === "stale" && !told?.parts_url)
      if (problem.state === "notWhole") upload.isPut = false
      if (isStale || (problem.state === "notWhole" && !told?.parts_url)) await forget(upload)
      if (!isStale || tries || sent) throw problem // what had arrived is not begun again without a word
    }
  }
}

// The desk lets go of what it was told of; that it never arrives is no harm, either.
export async function forget(upload) {
  const { told } = upload
  Object.assign(upload, { told: null, isPut: false, hashes: [], sent: 0 })
  if (told) await post(told.removal_url, {}).catch(() => null)
}

export function stop(upload) {
  upload.isStopped = true
  upload.xhr?.abort()
}

async function announce(upload) {
  const { name, type, size } = upload.file
  const isOld = performance.now() - upload.toldAt > GOOD_FOR
  if (upload.told && !upload.told.parts_url && !upload.isPut && isOld) await forget(upload)
  if (upload.told) return
  const fields = { original_filename: name, mime: type, size, draft: upload.scope }
  upload.toldAt = performance.now()
  upload.told = await ask(upload, upload.url, fields)
}

const wholeHashes = ({ hashes, told }) =>
  Array.from(told.part_sizes, (_, at) => hashes[at]).every(Boolean) ? { sha256: hashes.join(",") } : {}
