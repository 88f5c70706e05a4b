// What a press means on one axis. An answer is null (none yet), "cannot_tell", or three whole per-mille that sum to 1000.
// `presets` are the engine's: [{name, shares, words}], from one mode alone to all three alike.

export const WHOLE = 1000
export const STEP = 50
export const CANNOT_TELL = "cannot_tell"
const MIDDLE = [334, 333, 333] // where a handle stands that has no answer yet, and where a step from there begins

export function isSpread(answer) {
  return Array.isArray(answer)
}

// Where the handle stands for an answer.
export function placed(answer) {
  return isSpread(answer) ? answer : MIDDLE
}

export function sameAnswer(one, other) {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
}

// The preset's shares with `order` saying which mode is named first, second, third; modes that are not named follow.
function fill(preset, order) {
  const named = [...order, ...[0, 1, 2].filter((mode) => !order.includes(mode))]
  const shares = [0, 0, 0]
  named.forEach((mode, i) => { shares[mode] = preset.shares[i] })
  return shares
}

// The answer after the key of `mode` was pressed: {trail, answer}. `trail` says which keys led here; null after anything else.
// One key: wholly that mode. A second one: mostly the first, slightly the second. From then on every press goes round the
// shapes that follow; the third mode as third key goes at once to the shape that has all three.
export function press(trail, mode, presets) {
  const [only, ...mixed] = presets
  if (!trail || (trail.second === undefined && trail.first === mode)) {
    return { trail: { first: mode }, answer: fill(only, [mode]) }
  }
  if (trail.second === undefined) {
    return { trail: { first: trail.first, second: mode, turn: 0 }, answer: fill(mixed[0], [trail.first, mode]) }
  }
  const third = trail.turn === 0 && mode !== trail.first && mode !== trail.second
  const turn = third ? mixed.findIndex((preset) => preset.shares[2] > 0) : (trail.turn + 1) % mixed.length
  return { trail: { ...trail, turn }, answer: fill(mixed[turn], [trail.first, trail.second]) }
}

export function even(presets) {
  return [...presets.at(-1).shares]
}

// The spread after a step of `step` per mille towards a mode, or away from it where `step` is below 0.
export function nudge(answer, mode, step) {
  const from = placed(answer)
  const target = Math.max(0, Math.min(WHOLE, from[mode] + step))
  const others = [0, 1, 2].filter((i) => i !== mode)
  const rest = WHOLE - target
  const old = from[others[0]] + from[others[1]]
  const shares = [0, 0, 0]
  shares[mode] = target
  shares[others[0]] = old ? Math.round((rest * from[others[0]]) / old) : Math.floor(rest / 2)
  shares[others[1]] = rest - shares[others[0]]
  return shares
}

// Three numbers of 0 or more as whole per-mille in steps of `grain`, summing to exactly 1000 (largest remainders).
export function toPermille(parts, grain = 10) {
  const total = parts.reduce((a, b) => a + b, 0)
  const units = WHOLE / grain
  const exact = parts.map((part) => (part / total) * units)
  const shares = exact.map(Math.floor)
  const order = [0, 1, 2].sort((a, b) => exact[b] - shares[b] - (exact[a] - shares[a]))
  for (let left = units - shares.reduce((a, b) => a + b, 0), i = 0; left > 0; left -= 1, i += 1) shares[order[i]] += 1
  return shares.map((share) => share * grain)
}

export function percent(permille) {
  return `${Number((permille / 10).toFixed(1))} %`
}

// An answer in words: a preset's own ("mostly past, slightly present"), or the shares ("past 62 %, present 38 %").
export function inWords(answer, modes, presets) {
  if (!answer) return "no answer yet"
  if (answer === CANNOT_TELL) return "cannot tell"
  const order = [0, 1, 2].sort((a, b) => answer[b] - answer[a] || a - b)
  const preset = presets.find((one) => sameAnswer(fill(one, order), answer))
  if (preset) return preset.words.replace(/\{(\d)\}/g, (_, i) => modes[order[i]])
  return order.filter((i) => answer[i]).map((i) => `${modes[i]} ${percent(answer[i])}`).join(", ")
}

// The answer as the engine takes it: {per_mille, kind}; null where there is none.
export function toAxisLabel(answer) {
  if (!answer) return null
  if (answer === CANNOT_TELL) return { per_mille: [0, 0, 0], kind: "abstain" }
  return { per_mille: answer, kind: answer.includes(WHOLE) ? "hard" : "soft" }
}

export function fromAxisLabel(label) {
  if (!label) return null
  return label.kind === "abstain" ? CANNOT_TELL : [...label.per_mille]
}
