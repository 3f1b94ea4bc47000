package record

import "testing"

func TestDigestKeepsPartsApart(t *testing.T) {
	s := Salt{7}
	lists := [][]string{nil, {""}, {"", ""}, {"a", "bc"}, {"ab", "c"}, {"abc"}, {"ab", "c", ""}, {"", "abc"}}
	seen := map[string][]string{}
	for _, l := range lists {
		d := s.Digest(l...)
		if before, taken := seen[d]; taken {
			t.Errorf("%q and %q have the digest %s", before, l, d)
		}
		if len(d) != 22 {
			t.Errorf("digest %q has %d characters", d, len(d))
		}
		seen[d] = l
	}
}

func TestSaltsDiffer(t *testing.T) {
	a, b := Salt{1}, Salt{2}
	if a.Digest("x") == b.Digest("x") {
		t.Error("two salts give one digest")
	}
	if a.ID() == b.ID() {
		t.Error("two salts have one ID")
	}
	if a.ID() != (Salt{1}).ID() || len(a.ID()) != 16 {
		t.Errorf("ID %q is not stable or not 16 digits", a.ID())
	}
}
