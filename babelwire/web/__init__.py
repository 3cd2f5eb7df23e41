"""The desk: pages and an API over one workspace, for people with a browser.

`app.make_app` joins it. A page is made in three steps: `addresses` reads what a URL
asks for, a module named after the page makes what it shows (plain records), and
`templates/` writes it. Everything works without JavaScript; `static/desk.js` only adds
keys. Nothing is loaded from elsewhere.
"""
