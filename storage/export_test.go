package storage

var Edits = edits
