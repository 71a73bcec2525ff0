"""One document in, its text in order with its structure out. Knows neither folders nor HTTP."""
