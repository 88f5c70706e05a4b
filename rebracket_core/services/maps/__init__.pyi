from rebracket_core.services.maps.maps import MapInfo as MapInfo, Maps as Maps, PlacedText as PlacedText
from rebracket_core.services.maps.ratings import LABEL_STATES as LABEL_STATES, MapPeople as MapPeople
from rebracket_core.services.maps.selections import Selection as Selection
