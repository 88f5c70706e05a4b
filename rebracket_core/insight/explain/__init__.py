"""Why a prediction: attribution, gradients, attention, counterfactuals, fluency."""
