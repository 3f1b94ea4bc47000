package report

import (
	"testing"

	"github.com/layercause/layercause/internal/cause"
)

// TestBalanceSheet states the lines under "Cache and comparison".
func TestBalanceSheet(t *testing.T) {
	whole := Totals{
		Hits: 2, Misses: 3, SavedSeconds: 72, ImportSeconds: 0.9, ExportSeconds: 1.2, DownloadSeconds: 3, NetSavedSeconds: 66.9,
		WithoutCacheSeconds: 115, WithoutMissesSeconds: 3.4, WithoutAvoidableSeconds: 7.9, ResidueSeconds: 1,
	}
	with := func(f func(*Totals)) Totals {
		t := whole
		f(&t)
		return t
	}
	for _, tt := range []struct {
		name                  string
		totals                Totals
		net, without, residue string
	}{
		{"it paid", whole,
			"Hits saved 1m12s − import 0.9 s − export 1.2 s − download 3.0 s = 1m07s saved in all.",
			"Wall time: 44 s as built, 1m55s without any cache, 3.4 s had nothing missed, 7.9 s had nothing missed that can be avoided.", ""},
		{"a lower bound", with(func(t *Totals) { t.SavedIsLowerBound = true }),
			"Hits saved at least 1m12s − import 0.9 s − export 1.2 s − download 3.0 s = at least 1m07s saved in all.",
			"Wall time: 44 s as built, at least 1m55s without any cache, 3.4 s had nothing missed, 7.9 s had nothing missed that can be avoided.", ""},
		{"it did not pay", with(func(t *Totals) { t.ExportSeconds, t.NetSavedSeconds = 80, -11.9 }),
			"Hits saved 1m12s − import 0.9 s − export 1m20s − download 3.0 s = -12 s: the cache cost more than it saved.",
			"Wall time: 44 s as built, 1m55s without any cache, 3.4 s had nothing missed, 7.9 s had nothing missed that can be avoided.", ""},
		{"no cost, all hit, nothing to avoid", with(func(t *Totals) {
			t.ImportSeconds, t.ExportSeconds, t.DownloadSeconds, t.NetSavedSeconds, t.Misses, t.WithoutAvoidableSeconds = 0, 0, 0, 72, 0, 3.4
		}), "Hits saved 1m12s.", "Wall time: 44 s as built, 1m55s without any cache.", ""},
		{"not modelled", Totals{ResidueSeconds: 0.04}, "", "", ""},
		{"far below", with(func(t *Totals) { t.ResidueSeconds = 6 }),
			"Hits saved 1m12s − import 0.9 s − export 1.2 s − download 3.0 s = 1m07s saved in all.",
			"Wall time: 44 s as built, 1m55s without any cache, 3.4 s had nothing missed, 7.9 s had nothing missed that can be avoided.",
			"The model of the build explains 38 s of its 44 s; 6.0 s went where nothing was seen to work."},
		{"far above", with(func(t *Totals) { t.ResidueSeconds = -6 }),
			"Hits saved 1m12s − import 0.9 s − export 1.2 s − download 3.0 s = 1m07s saved in all.",
			"Wall time: 44 s as built, 1m55s without any cache, 3.4 s had nothing missed, 7.9 s had nothing missed that can be avoided.",
			"The model of the build takes 6.0 s longer than the build did, so its figures may be too high by as much."},
	} {
		v := newView(&Report{Build: Build{WallSeconds: 44}, Totals: tt.totals, Causes: []Cause{{Kind: cause.ContextFiles}}})
		for _, got := range []struct{ name, got, want string }{
			{"net", v.net().text(), tt.net}, {"without", v.without().text(), tt.without}, {"residue", v.residue().text(), tt.residue},
		} {
			if got.got != got.want {
				t.Errorf("%s, %s:\n got %s\nwant %s", tt.name, got.name, got.got, got.want)
			}
		}
	}
}
