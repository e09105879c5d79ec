package storage

// farthest is how many edits apart Nearest finds names at the most.
const farthest = 3

// Nearest is the one of known that takes the fewest edits to become name, of
// several the first: what was perhaps meant where a part of a URL, or any other
// option, is unknown. It is "" if each takes more edits than a third of name's
// bytes, rounded up, or more than 3.
func Nearest(name string, known []string) string {
	best, fewest := "", min((len(name)+2)/3, farthest)+1
	for _, k := range known {
		if n := edits(name, k); n < fewest {
			best, fewest = k, n
		}
	}
	return best
}

// edits counts the bytes to put in, take out or replace that turn a into b.
func edits(a, b string) int {
	row := make([]int, len(b)+1) // from what was read of a to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
