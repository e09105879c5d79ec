// Package browser holds the broker to what web pages ask of it: its tests open the
// pages of the folder pages in Chromium, against the program. The folder has the
// client marconi.mjs as well, for pages of others. The package exports nothing.
package browser
