from rebracket_core.annotation.events.reducer import DISAGREES as DISAGREES, disagreement as disagreement
