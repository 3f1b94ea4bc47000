package cause

import (
	"hash/fnv"
	"io"
	"slices"
	"strings"
)

// bag is the words of a text, as sorted hashes, each as often as it occurs.
type bag []uint64

func bagOf(text string) bag {
	words := strings.Fields(text)
	out := make(bag, len(words))
	for i, w := range words {
		h := fnv.New64a()
		io.WriteString(h, w)
		out[i] = h.Sum64()
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
