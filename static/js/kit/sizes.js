// So many bytes, as the desk's own filter `size` writes them: `12 bytes`, `1.2 MB`, `1,2 MB`.
const UNITS = [["TB", 1e12, 1e12], ["GB", 1e9, 1e9], ["MB", 1e5, 1e6], ["kB", 1e3, 1e3]] // from how many on, of how many

export function measured(size, language = document.documentElement.lang) {
  const unit = UNITS.find(([, least]) => size >= least)
  if (!unit) return size.toLocaleString(language, { style: "unit", unit: "byte", unitDisplay: "long" })
  const shown = new Intl.NumberFormat(language, { maximumFractionDigits: 1, roundingMode: "halfEven" })
  return `${shown.format(String(size / unit[2]))}\u00a0${unit[0]}`
}
