module github.com/stackforge/marconi

go 1.26.0
