package advice

import "fmt"

// compression has a cache's layers compressed with zstd, which unpacks several times
// as fast as gzip, where builds spend more time on loading layers than on building.
// Before:
//
//	cache-to: type=registry,ref=user/app:cache,mode=max
//
// After:
//
//	cache-to: type=registry,ref=user/app:cache,mode=max,compression=zstd
//
// Layers that are in the cache already stay as they are. The cache service of GitHub,
// S3 and Azure's storage take no such setting.
func compression(s *scene) []candidate {
	var out []candidate
	loaded, worked, builds := 0.0, 0.0, 0
	for _, r := range s.known() {
		if r.Findings.Download > 0 {
			builds++
			loaded += r.Findings.Download
			worked += max(0, r.Seconds-r.Findings.Download-r.Findings.Import-r.Findings.Export)
		}
	}
	for _, c := range s.exports() {
		switch {
		case c.Error != "" || c.Type != "registry" && c.Type != "local":
			s.silent(-1, "%s takes no compression", nonEmpty(c.Ref, c.Type))
			continue
		case builds < worthCompressing:
			s.silent(-1, "%d builds that are known loaded layers, which is too few to tell", builds)
			continue
		case loaded <= worked || loaded < worthSeconds*float64(builds):
			s.silent(-1, "the builds that are known loaded layers for %.1f s and worked for %.1f s", loaded, worked)
			continue
		}
		uses := s.uses("cache-to", c)
		set := false
		for _, u := range uses {
			set = set || u.Attrs["compression"] != "" || u.Attrs["oci-mediatypes"] == "false"
		}
		if set {
			s.silent(-1, "%s has a compression", c.Ref)
			continue
		}
		title := fmt.Sprintf("Compress the layers of %s with zstd: %d builds loaded layers for %.1f s (%s in this one) and worked for %.1f s", c.Ref, builds, loaded, megabytes(s.Ledger.DownloadBytes), worked)
		x, ok := s.draftUses(title, uses, func(u use) string {
			if len(u.Attrs) == 0 {
				return ""
			}
			return u.Text + ",compression=zstd"
		})
		x = s.orRemark(x, ok, title, flagOf("cache-to", c, ",compression=zstd"))
		x.sound = true
		x.predicted = &Prediction{}
		x.Assumes = append(x.Assumes, "most of the time goes to unpacking layers, and not to the network: how much smaller they get is not known before they are written")
		out = append(out, x)
	}
	return out
}

// worthCompressing is how many builds have to be known that loaded layers.
const worthCompressing = 3

func nonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
