package report

// A cost is what the cache itself took of the wall time.
type cost struct {
	name    string
	seconds float64
}

// costs are what is taken off the time saved, where there is any.
func (v *view) costs() []cost {
	t := &v.Totals
	var all []cost
	for _, c := range []cost{{"import", t.ImportSeconds}, {"export", t.ExportSeconds}, {"download", t.DownloadSeconds}} {
		if !noTime(c.seconds) {
			all = append(all, c)
		}
	}
	return all
}

// net is the balance as an equation: what was saved, less what the cache cost.
func (v *view) net() sentence {
	t := &v.Totals
	costs := v.costs()
	if noTime(t.SavedSeconds) && len(costs) == 0 {
		return nil
	}
	least := ""
	if t.SavedIsLowerBound {
		least = "at least "
	}
	if len(costs) == 0 {
		return words("Hits saved " + least + duration(t.SavedSeconds) + ".")
	}
	s := "Hits saved " + least + duration(t.SavedSeconds)
	for _, c := range costs {
		s += " − " + c.name + " " + duration(c.seconds)
	}
	s += " = " + least + duration(t.NetSavedSeconds)
	if v.overspent() != nil {
		return words(s + ": the cache cost more than it saved.")
	}
	return words(s + " saved in all.")
}

// without compares the wall time with what it would have been. The totals are
// zero where the build was not modelled.
func (v *view) without() sentence {
	t := &v.Totals
	if noTime(t.WithoutCacheSeconds) {
		return nil
	}
	least := ""
	if t.SavedIsLowerBound {
		least = "at least "
	}
	s := "Wall time: " + duration(v.Build.WallSeconds) + " as built, " + least + duration(t.WithoutCacheSeconds) + " without any cache"
	// What no cause is known of is not taken away, and the misses of a first build are no loss.
	if t.Misses > 0 && len(v.Causes) > 0 && !v.firstBuild() {
		s += ", " + duration(t.WithoutMissesSeconds) + " had nothing missed"
		if t.WithoutAvoidableSeconds-t.WithoutMissesSeconds > 0.05 {
			s += ", " + duration(t.WithoutAvoidableSeconds) + " had nothing missed that can be avoided"
		}
	}
	return words(s + ".")
}

// residueShare is the share of the wall time from which a residue is told.
const residueShare = 0.05

// residue says how far the model is from the measured build, if it is far.
func (v *view) residue() sentence {
	wall, r := v.Build.WallSeconds, v.Totals.ResidueSeconds
	if noTime(r) || max(r, -r) <= residueShare*wall {
		return nil
	}
	if r > 0 {
		return words("The model of the build explains " + duration(wall-r) + " of its " + duration(wall) + "; " + duration(r) + " went where nothing was seen to work.")
	}
	return words("The model of the build takes " + duration(-r) + " longer than the build did, so its figures may be too high by as much.")
}
