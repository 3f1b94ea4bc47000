package cacheindex

import (
	"cmp"
	"fmt"
	"slices"

	types "github.com/moby/buildkit/cache/remotecache/v1/types"
	"github.com/opencontainers/go-digest"
)

// Key is what BuildKit's solver looks an operation up by.
type Key struct {
	// Digest is the cache map's; empty if it is not known.
	Digest digest.Digest
	// Fleeting says that the key is another one with each build, as a local
	// source's is: no cache holds it.
	Fleeting bool
	Inputs   []Input
}

// Input is one input of an operation.
type Input struct {
	// Key is the index of the operation it comes from, which stands before.
	Key, Output int
	Selector    digest.Digest
	// ByContent says that the operation can also be found by the content that it
	// reads. Content is that content's digest, empty if it is not known.
	ByContent bool
	Content   digest.Digest
}

// Presence says what a cache holds of a key.
type Presence int

// What a cache can hold of a key.
const (
	// Unknown: the key has parts that are not known on this side.
	Unknown Presence = iota
	// Absent: the key is not in the index.
	Absent
	// WithoutResult: the key is there, and nothing that could be loaded for it.
	WithoutResult
	// WithResult: the key is there and a result.
	WithResult
)

// Find looks keys up, as the solver does (solver/edge.go, solver/cachemanager.go):
// a record stands for an operation if it has its digest and, for every input, a
// link to a record of that input or to the content that is read from it. Inputs
// have to stand before the operations that use them.
//
// Of a key with a result it also says which layer that is, the last of its chain;
// it is empty for the others.
func (x *Index) Find(keys []Key) ([]Presence, []digest.Digest) {
	out, layers := make([]Presence, len(keys)), make([]digest.Digest, len(keys))
	for i := range x.Configs {
		presences, of := find(&x.Configs[i], keys)
		for k, p := range presences {
			out[k] = max(out[k], p)
			layers[k] = cmp.Or(layers[k], of[k])
		}
	}
	return out, layers
}

// slot is one output of one operation.
type slot struct{ key, output int }

// found is the records that stand for a slot.
type found struct {
	records []int
	// open: there may be more, which cannot be told.
	open bool
}

func find(c *types.CacheConfig, keys []Key) ([]Presence, []digest.Digest) {
	byDigest := map[digest.Digest][]int{}
	for i, r := range c.Records {
		byDigest[r.Digest] = append(byDigest[r.Digest], i)
	}
	outputs := make([][]int, len(keys))
	for i := range keys {
		for _, in := range keys[i].Inputs {
			if in.Key < i && !slices.Contains(outputs[in.Key], in.Output) {
				outputs[in.Key] = append(outputs[in.Key], in.Output)
			}
		}
	}
	known := map[slot]found{}
	out, layers := make([]Presence, len(keys)), make([]digest.Digest, len(keys))
	for i := range keys {
		if len(outputs[i]) == 0 {
			outputs[i] = []int{0}
		}
		worst := WithResult
		for _, output := range outputs[i] {
			var f found
			switch {
			case keys[i].Fleeting:
			case keys[i].Digest == "":
				f.open = true
			default:
				f = match(c, &keys[i], byDigest[outputKey(keys[i].Digest, output)], known)
			}
			known[slot{i, output}] = f
			worst = min(worst, presence(c, f))
			layers[i] = cmp.Or(layers[i], lastLayer(c, f))
		}
		out[i] = worst
	}
	return out, layers
}

// lastLayer is the layer on top of the first result of a slot.
func lastLayer(c *types.CacheConfig, f found) digest.Digest {
	for _, r := range f.records {
		top := -1
		if results := c.Records[r].Results; len(results) > 0 {
			top = results[0].LayerIndex
		} else if chains := c.Records[r].ChainedResults; len(chains) > 0 && len(chains[0].LayerIndexes) > 0 {
			top = chains[0].LayerIndexes[len(chains[0].LayerIndexes)-1]
		}
		if top >= 0 && top < len(c.Layers) {
			return c.Layers[top].Blob
		}
	}
	return ""
}

func presence(c *types.CacheConfig, f found) Presence {
	switch {
	case slices.ContainsFunc(f.records, func(r int) bool {
		return len(c.Records[r].Results)+len(c.Records[r].ChainedResults) > 0
	}):
		return WithResult
	case f.open:
		return Unknown
	case len(f.records) > 0:
		return WithoutResult
	}
	return Absent
}

// match picks those of the candidates, all with the key's digest, whose links fit.
func match(c *types.CacheConfig, k *Key, candidates []int, known map[slot]found) found {
	var out found
	for _, r := range candidates {
		fits, open := true, false
		if len(c.Records[r].Inputs) != len(k.Inputs) {
			continue
		}
		for i, in := range k.Inputs {
			f := known[slot{in.Key, in.Output}]
			if linked(c, c.Records[r].Inputs[i], in, f.records) {
				continue
			}
			if f.open || in.ByContent && in.Content == "" {
				open = true
				continue
			}
			fits = false
			break
		}
		switch {
		case fits && open:
			out.open = true
		case fits:
			out.records = append(out.records, r)
		}
	}
	return out
}

// linked says that one of a record's links leads to one of the input's records,
// or to the content that is read.
func linked(c *types.CacheConfig, links []types.CacheInput, in Input, records []int) bool {
	content := outputKey(in.Content, contentOutput)
	return slices.ContainsFunc(links, func(l types.CacheInput) bool {
		if l.LinkIndex < 0 || l.LinkIndex >= len(c.Records) {
			return false // a hostile index
		}
		if in.Content != "" && l.Selector == "" && c.Records[l.LinkIndex].Digest == content {
			return true
		}
		return l.Selector == in.Selector.String() && slices.Contains(records, l.LinkIndex)
	})
}

// contentOutput is the number of the output that stands for a content's digest.
const contentOutput = -1

// outputKey is how an index names an output of an operation (outputKey in
// cache/remotecache/v1/utils.go).
func outputKey(d digest.Digest, output int) digest.Digest {
	return digest.FromBytes(fmt.Appendf(nil, "%s@%d", d, output))
}
