// A large file's way to the store, part by part. Each is named by its SHA-256 before it is sent, and gets an address of its
// own then: what the store has of another file is never gone on with. Where browsers do not hash, nothing is named.
import { ask } from "./asking.js"
import { hashOf, put, Unsent } from "./sending.js"

const TRIES = 4 // while nothing more of it arrives
const AGAIN = ["lost", "stale", "store"] // what may be better with another address

export async function putParts(upload) {
  for (let tries = 0, known = -1, next = 1; ; ) {
    await hashPart(upload, next)
    const { arrived, missing, sha256 } = await ask(upload, upload.told.parts_url, knownHashes(upload))
    await compare(upload, arrived, sha256)
    if (!missing.length) return
    if (arrived.length > known) tries = 0
    known = arrived.length
    upload.sent = upload.file.size - missing.reduce((sum, part) => sum + part.size, 0)
    const [part, after] = missing
    const isNamed = upload.hashes[part.number - 1] || !crypto.subtle
    next = isNamed && after ? after.number : part.number
    if (isNamed) await tryPart(upload, part, (tries += 1))
  }
}

async function tryPart(upload, part, tries) {
  try {
    await put(upload, part, pieceOf(upload, part.number), part.number)
    upload.sent += part.size
    if (tries === TRIES) throw new Unsent("store") // it takes them, and has none
  } catch (problem) {
    if (!AGAIN.includes(problem.state) || tries === TRIES) throw problem
    await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** (tries - 1)))
    if (upload.isStopped) throw new Unsent("stopped")
  }
}

// What has arrived is of this very file, or else this is another one.
async function compare(upload, arrived, sha256) {
  if (!crypto.subtle) return
  for (const number of arrived) {
    await hashPart(upload, number)
    if (upload.isStopped) throw new Unsent("stopped")
    if (sha256?.[number - 1] !== upload.hashes[number - 1]) throw new Unsent("another")
  }
}

async function hashPart(upload, number) {
  upload.hashes[number - 1] ??= await hashOf(pieceOf(upload, number))
}

function pieceOf({ file, told }, number) {
  const from = (number - 1) * told.part_sizes[0]
  return file.slice(from, from + told.part_sizes[number - 1])
}

function knownHashes({ hashes, told }) {
  const known = Array.from(told.part_sizes, (_, at) => hashes[at] ?? "")
  return known.some(Boolean) ? { sha256: known.join(",") } : {}
}
