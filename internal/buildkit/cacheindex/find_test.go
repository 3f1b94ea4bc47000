package cacheindex

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	types "github.com/moby/buildkit/cache/remotecache/v1/types"
	"github.com/opencontainers/go-digest"
)

func named(s string) digest.Digest { return digest.FromString(s) }

// indexed writes an index of a base image, a COPY on it that takes a content, a
// RUN on that, and a step that copies from the RUN.
func indexed(change func(*types.CacheConfig)) *Index {
	result := []types.CacheResult{{LayerIndex: 0}}
	c := types.CacheConfig{
		Layers: []types.CacheLayer{{Blob: named("layer"), ParentIndex: -1}},
		Records: []types.CacheRecord{
			0: {Digest: outputKey(named("base"), 0)},
			1: {Digest: outputKey(named("content"), contentOutput)},
			2: {Digest: outputKey(named("copy"), 0), Results: result, Inputs: [][]types.CacheInput{{{LinkIndex: 0}}, {{LinkIndex: 1}}}},
			3: {Digest: outputKey(named("run"), 0), Results: result, Inputs: [][]types.CacheInput{{{LinkIndex: 2}}}},
			4: {Digest: outputKey(named("from"), 0), Results: result, Inputs: [][]types.CacheInput{{{LinkIndex: 0}}, {{LinkIndex: 3, Selector: "sel"}}}},
		},
	}
	if change != nil {
		change(&c)
	}
	return &Index{Configs: []types.CacheConfig{c}}
}

func keys(content string) []Key {
	return []Key{
		{Digest: named("base")},
		{Fleeting: true},
		{Digest: named("copy"), Inputs: []Input{{Key: 0}, {Key: 1, ByContent: true, Content: named(content)}}},
		{Digest: named("run"), Inputs: []Input{{Key: 2}}},
		{Digest: named("from"), Inputs: []Input{{Key: 0}, {Key: 3, ByContent: true, Selector: "sel"}}},
	}
}

func TestFind(t *testing.T) {
	cases := map[string]struct {
		change func(*types.CacheConfig)
		keys   []Key
		want   []Presence
	}{
		"all of it":       {nil, keys("content"), []Presence{WithoutResult, Absent, WithResult, WithResult, WithResult}},
		"another content": {nil, keys("other"), []Presence{WithoutResult, Absent, Absent, Absent, Unknown}},
		"no result":       {func(c *types.CacheConfig) { c.Records[3].Results = nil }, keys("content"), []Presence{WithoutResult, Absent, WithResult, WithoutResult, WithResult}},
		"layers as a chain": {func(c *types.CacheConfig) {
			c.Records[3].Results, c.Records[3].ChainedResults = nil, []types.ChainedResult{{}}
		}, keys("content"), []Presence{WithoutResult, Absent, WithResult, WithResult, WithResult}},
		"another selector": {func(c *types.CacheConfig) { c.Records[4].Inputs[1][0].Selector = "other" }, keys("content"), []Presence{WithoutResult, Absent, WithResult, WithResult, Unknown}},
		"more inputs": {func(c *types.CacheConfig) {
			c.Records[3].Inputs = append(c.Records[3].Inputs, []types.CacheInput{{LinkIndex: 0}})
		}, keys("content"), []Presence{WithoutResult, Absent, WithResult, Absent, Unknown}},
		"links to nowhere":  {func(c *types.CacheConfig) { c.Records[3].Inputs[0][0].LinkIndex = 99 }, keys("content"), []Presence{WithoutResult, Absent, WithResult, Absent, Unknown}},
		"links in a circle": {func(c *types.CacheConfig) { c.Records[2].Inputs[0][0].LinkIndex = 3 }, keys("content"), []Presence{WithoutResult, Absent, Absent, Absent, Unknown}},
		"an unknown source": {nil, func() []Key { k := keys("content"); k[0] = Key{}; return k }(), []Presence{Unknown, Absent, Unknown, Unknown, Unknown}},
		"an empty index":    {func(c *types.CacheConfig) { *c = types.CacheConfig{} }, keys("content"), []Presence{Absent, Absent, Absent, Absent, Absent}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, _ := indexed(c.change).Find(c.keys); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("the best of two", func(t *testing.T) {
		x := indexed(func(c *types.CacheConfig) { *c = types.CacheConfig{} })
		x.Configs = append(x.Configs, indexed(nil).Configs...)
		if got, _ := x.Find(keys("content")); got[3] != WithResult {
			t.Errorf("got %v", got)
		}
	})
}

// A result is kept as the layer on top of its chain.
func TestFindLayers(t *testing.T) {
	top, other := named("top"), named("other")
	for name, c := range map[string]struct {
		change func(*types.CacheConfig)
		want   digest.Digest // of the RUN
	}{
		"a layer with its parents": {func(c *types.CacheConfig) { c.Records[3].Results = []types.CacheResult{{LayerIndex: 1}} }, top},
		"the first of two": {func(c *types.CacheConfig) {
			c.Records[3].Results = []types.CacheResult{{LayerIndex: 2}, {LayerIndex: 1}}
		}, other},
		"layers as a chain": {func(c *types.CacheConfig) {
			c.Records[3].Results, c.Records[3].ChainedResults = nil, []types.ChainedResult{{LayerIndexes: []int{2, 0, 1}}}
		}, top},
		"an empty chain": {func(c *types.CacheConfig) {
			c.Records[3].Results, c.Records[3].ChainedResults = nil, []types.ChainedResult{{}}
		}, ""},
		"no result":          {func(c *types.CacheConfig) { c.Records[3].Results = nil }, ""},
		"a layer of nowhere": {func(c *types.CacheConfig) { c.Records[3].Results = []types.CacheResult{{LayerIndex: 99}} }, ""},
		"one before all":     {func(c *types.CacheConfig) { c.Records[3].Results = []types.CacheResult{{LayerIndex: -1}} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			change := c.change
			x := indexed(func(c *types.CacheConfig) {
				c.Layers = append(c.Layers, types.CacheLayer{Blob: top}, types.CacheLayer{Blob: other, ParentIndex: -1})
				change(c)
			})
			_, layers := x.Find(keys("content"))
			if layers[3] != c.want || layers[2] != named("layer") || layers[0] != "" {
				t.Errorf("the layers are %q; want %q for the RUN", layers, c.want)
			}
		})
	}
}

// TestSize adds what a hostile index says too.
func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		`{}`: 0,
		`{"layers":[{"blob":"a","annotations":{"size":5}},{"blob":"b","annotations":{"size":7}},{"blob":"a","annotations":{"size":5}}]}`: 12,
		`{"layers":[{"blob":"a","annotations":{"size":-5}},{"blob":"b"}]}`:                                                               0,
		`{"layers":[{"blob":"a","annotations":{"size":9223372036854775807}},{"blob":"b","annotations":{"size":7}}]}`:                     math.MaxInt64,
	} {
		x, err := parse([]byte(text))
		if err != nil || x.Size() != want {
			t.Errorf("%s has %d bytes, want %d (%v)", text, x.Size(), want, err)
		}
	}
}

// FuzzFind: whatever stands in an index, a key is only found if the index has a
// record with its digest, and its layer is one of the index.
func FuzzFind(f *testing.F) {
	for _, change := range []func(*types.CacheConfig){nil, func(c *types.CacheConfig) { c.Records[2].Inputs[0][0].LinkIndex = -1 }} {
		data, err := json.Marshal(indexed(change).Configs[0])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"records":[{"inputs":[[{"link":0}]]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parse(data)
		if err != nil {
			return
		}
		have, kept := map[digest.Digest]bool{}, map[digest.Digest]bool{"": true}
		for _, l := range x.Configs[0].Layers {
			kept[l.Blob] = true
		}
		for _, r := range x.Configs[0].Records {
			have[r.Digest] = true
		}
		list := keys("content")
		presences, layers := x.Find(list)
		for i, p := range presences {
			if p > Absent && !have[outputKey(list[i].Digest, 0)] {
				t.Errorf("key %d is said to be %d", i, p)
			}
			if !kept[layers[i]] || p < WithResult && layers[i] != "" && p != Unknown {
				t.Errorf("key %d, said to be %d, has the layer %q", i, p, layers[i])
			}
		}
	})
}
