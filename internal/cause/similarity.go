package cause

import (
	"slices"
	"strings"
)

// A text counts with its beginning: what is longer than any instruction is not
// there to be compared by its words.
const (
	maxBag   = 16 << 10 // bytes
	maxWords = 2000
)

// bag is the words of a text, as sorted hashes, each as often as it occurs.
type bag []uint64

func bagOf(texts ...string) bag {
	var out bag
	for _, text := range texts {
		for w := range strings.FieldsSeq(text[:min(len(text), maxBag)]) {
			if len(out) == maxWords {
				break
			}
			h := uint64(14695981039346656037) // FNV-1a
			for i := range len(w) {
				h = (h ^ uint64(w[i])) * 1099511628211
			}
			out = append(out, h)
		}
	}
	slices.Sort(out)
	return out
}

// similarity is the share of words that two texts have in common (Dice), from 0
// to 1.
func similarity(a, b bag) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i, j = i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b))
}
