package storage

// Nearest is the one of known that takes the fewest edits to become name, of
// several the first, and "" of none: what to name where a part of a URL, or any
// other option, is unknown.
func Nearest(name string, known []string) string {
	best, fewest := "", -1
	for _, k := range known {
		if n := edits(name, k); fewest < 0 || n < fewest {
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
