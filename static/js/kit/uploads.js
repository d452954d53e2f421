// One file's way to the store: announced at the desk, put where the desk says, whole or in parts, and said to be there.
// A lost connection is asked after: what has arrived is not sent again, nor is a file of which only the answer was lost.
import { post } from "./requests.js"
import { put, Unsent } from "./sending.js"

const TRIES = 4 // of a large file while nothing more of it arrives
const GOOD_FOR = 540_000 // of an address
const FRESH_FOR = 60_000 // of those of parts, so that each part is begun with most of its time left

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
      const isStale = problem.state === "stale" && !tries
      if (problem.state === "notWhole") upload.isPut = false
      if (isStale || (problem.state === "notWhole" && !upload.told?.parts_url)) await forget(upload)
      if (!isStale) throw problem
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

async function ask(upload, url, fields = {}) {
  const answer = await post(url, fields).catch(() => null)
  if (!answer) throw new Unsent("noDesk")
  const content = await answer.json().catch(() => ({}))
  if (answer.status === 401 || answer.type === "opaqueredirect") throw new Unsent("loggedOut")
  if (answer.status === 404 && upload.told) throw new Unsent("stale")
  if (!answer.ok) throw new Unsent(problemOf(answer), content.message)
  if (url === upload.url) upload.told = content // also of one that was stopped meanwhile, which is then taken back
  if (upload.isStopped) throw new Unsent("stopped")
  return content
}

function problemOf({ status }) {
  if (status >= 500) return "noDesk"
  if (status === 409) return "notWhole"
  return [403, 413, 422].includes(status) ? "refused" : "failed"
}

async function putParts(upload) {
  const { told, file } = upload
  for (let left = TRIES, known = -1; ; left -= 1) {
    const askedAt = performance.now()
    const { arrived, missing } = await ask(upload, told.parts_url)
    if (!missing.length) return
    if (arrived.length > known) left = TRIES
    if (!left) throw new Unsent("store")
    known = arrived.length
    upload.sent = file.size - missing.reduce((sum, part) => sum + part.size, 0)
    try {
      for (const part of missing) {
        await putPart(upload, part)
        if (performance.now() - askedAt > FRESH_FOR) break
      }
    } catch (problem) {
      if (!["lost", "stale"].includes(problem.state) || left === 1) throw problem
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** (TRIES - left)))
      if (upload.isStopped) throw new Unsent("stopped")
    }
  }
}

async function putPart(upload, part) {
  const from = (part.number - 1) * upload.told.part_sizes[0]
  await put(upload, part, upload.file.slice(from, from + part.size), part.number)
  upload.sent += part.size
}

const wholeHashes = ({ hashes, told }) =>
  Array.from(told.part_sizes, (_, at) => hashes[at]).every(Boolean) ? { sha256: hashes.join(",") } : {}
