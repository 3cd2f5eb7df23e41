"""Press reviews: edited, rendered, sent, verified.

`contract` has what a rendered review consists of. `editing` adds documents, `showing`
makes a review ready to be rendered, `html`, `word` and `mail` render it with the words
of `phrases`, `manifest` says what it was made from, `sending` freezes it, `verifying`
proves it later.
"""
