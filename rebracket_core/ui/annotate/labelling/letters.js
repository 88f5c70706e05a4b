// Which letter stands on which key of the reader's keyboard. A key means the same by its place on every layout; what the
// hints say are the reader's own letters: from the browser where it tells them, else from what was pressed.

const PLACES = "qwertyuiopasdfghjklzxcvbnm"
const LAYOUTS = [
  PLACES,
  "azertyuiopqsdfghjklwxcvbn,",
  "qwertzuiopasdfghjklyxcvbnm",
  "',.pyfgcrlaoeuidhtn;qjkxbm", // Dvorak
  "qwfpgjluy;arstdhneizxcvbkm", // Colemak
  "qwfpbjluy;arstgmneizxcdvkh", // Colemak Mod-DH
  "qdrwbjfup;ashtgyneozxmcvkl", // Workman
  "йцукенгшщзфывапролдячсмить",
  "йцукенгшщзфівапролдячсмить",
  ";ςερτυθιοπασδφγηξκλζχψωβνμ",
  "/'קראטוןםפשדגכעיחלךזסבהנמצ",
].map((row) => [...row])
const LETTERS_KEY = "rebracket.letters"

// The place of a key, named by its letter on a US keyboard: "q" for the code KeyQ; "" for keys without a letter there.
export function placeOf(code) {
  return /^Key([A-Z])$/.exec(code ?? "")?.[1].toLowerCase() ?? ""
}

export class Letters {
  constructor(storage) {
    this.storage = storage
    this.row = this.stored() ?? [...PLACES]
  }

  stored() {
    try {
      const row = [...(this.storage.getItem(LETTERS_KEY) ?? "")]
      return row.length === PLACES.length ? row : null
    } catch {
      return null // a browser that keeps nothing: the letters are learned again
    }
  }

  // The letter on the key of a place; what is no place (a digit, Enter) is what it is.
  shown(place) {
    const at = place.length === 1 ? PLACES.indexOf(place) : -1
    return at < 0 ? place : this.row[at]
  }

  // The place of a letter where the browser does not say which key it was, as with keyboards on a screen.
  placeOfLetter(letter) {
    const at = this.row.indexOf(letter)
    return at < 0 ? letter : PLACES[at]
  }

  // Takes the letters from the browser's own map of the keyboard; resolves to whether any changed.
  async ask(keyboard) {
    if (this.stored() || !keyboard?.getLayoutMap) return false
    try {
      const map = await keyboard.getLayoutMap()
      const row = [...PLACES].map((place) => map.get(`Key${place.toUpperCase()}`) ?? place)
      return this.take(row.every((letter) => [...letter].length === 1) ? row : this.row)
    } catch {
      return false // forbidden here, as in a frame: what is pressed tells them
    }
  }

  // Learns from a key that was pressed; whether the letters changed. A layout that is known and fits is taken whole.
  learn(event) {
    const at = PLACES.indexOf(placeOf(event.code) || "?")
    if (at < 0 || event.shiftKey || [...event.key].length !== 1) return false
    const letter = event.key.toLowerCase()
    if (letter === this.row[at]) return false
    const fits = LAYOUTS.filter((row) => row[at] === letter)
    const agreement = (row) => row.filter((one, i) => one === this.row[i]).length
    fits.sort((one, other) => agreement(other) - agreement(one))
    return this.take(fits[0] ? [...fits[0]] : this.row.map((one, i) => (i === at ? letter : one)))
  }

  take(row) {
    if (row.join("") === this.row.join("")) return false
    this.row = row
    try {
      this.storage.setItem(LETTERS_KEY, row.join(""))
    } catch {
      return true // shown all the same; learned again next time
    }
    return true
  }
}
