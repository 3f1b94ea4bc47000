package cause

import "sort"

// maxAlignment bounds the table of an alignment, in cells. Longer lists are cut at
// what is equal and stands but once in each, and what is longer still between two
// such places is compared only near the diagonal.
const maxAlignment = 1 << 16

// alignTexts pairs two lists of texts in order, with the greatest sum of scores as
// [alignment] does. Equal ends are cut off first, so that a long list with one edit
// costs little.
func alignTexts(h, b []string, score func(i, j int) float64) [][2]int {
	var out [][2]int
	top, hEnd, bEnd := trim(h, b, 0, len(h), 0, len(b))
	for i := range top {
		out = append(out, [2]int{i, i})
	}
	cuts := [][2]int{}
	if (hEnd-top)*(bEnd-top) > maxAlignment {
		cuts = anchors(h, b, top, hEnd, bEnd)
	}
	cuts = append(cuts, [2]int{hEnd, bEnd})
	i, j := top, top
	for _, cut := range cuts {
		for _, m := range alignment(cut[0]-i, cut[1]-j, func(x, y int) float64 { return score(i+x, j+y) }) {
			out = append(out, [2]int{i + m[0], j + m[1]})
		}
		if i, j = cut[0], cut[1]; i < hEnd && j < bEnd {
			out = append(out, cut)
			i, j = i+1, j+1
		}
	}
	for n := range len(h) - hEnd {
		out = append(out, [2]int{hEnd + n, bEnd + n})
	}
	return out
}

// trim returns how many texts are equal at the top, and where the equal ones at the
// end begin.
func trim(h, b []string, i, hEnd, j, bEnd int) (top, endH, endB int) {
	for i < hEnd && j < bEnd && h[i] == b[j] {
		i, j = i+1, j+1
	}
	for hEnd > i && bEnd > j && h[hEnd-1] == b[bEnd-1] {
		hEnd, bEnd = hEnd-1, bEnd-1
	}
	return i, hEnd, bEnd
}

// anchors are the longest common subsequence of the texts that stand but once in
// each list, between top and the ends.
func anchors(h, b []string, top, hEnd, bEnd int) [][2]int {
	once := func(list []string, end int) map[string]int {
		at := map[string]int{}
		for i := top; i < end; i++ {
			if _, twice := at[list[i]]; twice {
				at[list[i]] = -1
			} else {
				at[list[i]] = i
			}
		}
		return at
	}
	inHead, inBase := once(h, hEnd), once(b, bEnd)
	// The longest run of growing places, by patience sorting: the last card of each
	// pile, and what lay on top of the pile before when it came.
	var piles []int
	place, before := map[int]int{}, map[int]int{}
	for i := top; i < hEnd; i++ {
		j, ok := inBase[h[i]]
		if !ok || j < 0 || inHead[h[i]] < 0 {
			continue
		}
		place[i] = j
		n := sort.Search(len(piles), func(n int) bool { return place[piles[n]] > j })
		if n > 0 {
			before[i] = piles[n-1]
		} else {
			before[i] = -1
		}
		if n == len(piles) {
			piles = append(piles, i)
		} else {
			piles[n] = i
		}
	}
	if len(piles) == 0 {
		return nil
	}
	out := make([][2]int, len(piles))
	for n, i := len(piles)-1, piles[len(piles)-1]; n >= 0; n, i = n-1, before[i] {
		out[n] = [2]int{i, place[i]}
	}
	return out
}

// alignment returns the pairs of indexes, in order, with the greatest sum of
// scores; a score of 0 never pairs. A table that would be too large is cut to a
// band along the diagonal.
func alignment(n, m int, score func(i, j int) float64) [][2]int {
	if n == 0 || m == 0 {
		return nil
	}
	width := min(m, max(16, maxAlignment/n))
	low := func(i int) int { return min(max(0, i*m/n-width/2), m-width) }
	scores := make([]float64, n*width)
	best := make([]float64, (n+1)*(width+1)) // best[i][j]: from i and j on
	at := func(i, j int) *float64 {
		if i == n {
			return &best[n*(width+1)]
		}
		return &best[i*(width+1)+max(0, j-low(i))]
	}
	for i := n - 1; i >= 0; i-- {
		from := low(i)
		*at(i, from+width) = *at(i+1, from+width)
		for j := from + width - 1; j >= from; j-- {
			s := score(i, j)
			scores[i*width+j-from] = s
			*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			if s > 0 {
				*at(i, j) = max(*at(i, j), s+*at(i+1, j+1))
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < n && j < m; {
		if j = max(j, low(i)); j == low(i)+width {
			i++
			continue
		}
		s := scores[i*width+j-low(i)]
		switch {
		case s > 0 && *at(i, j) == s+*at(i+1, j+1):
			out = append(out, [2]int{i, j})
			i, j = i+1, j+1
		case *at(i, j) == *at(i+1, j):
			i++
		default:
			j++
		}
	}
	return out
}
