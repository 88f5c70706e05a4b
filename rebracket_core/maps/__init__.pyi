from rebracket_core.maps.align import (
    NeighbourhoodOverlap as NeighbourhoodOverlap,
    neighbourhood_overlap as neighbourhood_overlap,
    procrustes_aligned as procrustes_aligned,
)
from rebracket_core.maps.distinctive_words import WordContrast as WordContrast, most_distinctive as most_distinctive
from rebracket_core.maps.points import map_rows as map_rows
from rebracket_core.maps.predictions import (
    STANDINGS as STANDINGS,
    VERDICTS as VERDICTS,
    MapPredictions as MapPredictions,
    PredictionSource as PredictionSource,
    load_predictions as load_predictions,
    save_predictions as save_predictions,
)
from rebracket_core.maps.quality import ALL_UP_TO as ALL_UP_TO, MapQuality as MapQuality, map_quality as map_quality
from rebracket_core.maps.reducers import Projection as Projection, fit as fit, pca as pca, place as place
from rebracket_core.maps.spec import (
    DEFAULTS as DEFAULTS,
    FINAL as FINAL,
    MapMethod as MapMethod,
    MapSpec as MapSpec,
    layer_number as layer_number,
)
from rebracket_core.maps.store import (
    COORDINATES as COORDINATES,
    AddedText as AddedText,
    StoredMap as StoredMap,
    is_fitted as is_fitted,
    write_map as write_map,
)
from rebracket_core.maps.viewport import (
    GRID as GRID,
    Scene as Scene,
    bounds as bounds,
    inside_polygon as inside_polygon,
    on_plane as on_plane,
    scene as scene,
)
