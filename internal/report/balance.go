package report

import "strings"

// balanceTitle is the balance in a line, for the title of its fold.
func (v *view) balanceTitle() string {
	t := &v.Totals
	s := "Compared with " + baseName(v.Build.Base)
	if v.Build.Base.Why == WhyNone || v.Build.Base.Why == "" {
		s = "Nothing to compare with"
	}
	if isHash(v.Build.Commit) { // a comment may stay when commits come that build nothing
		s = "Commit " + v.Build.Commit[:7] + ", " + strings.ToLower(s[:1]) + s[1:]
	}
	var imports, exports int
	for _, c := range v.Caches {
		if c.Direction == "import" {
			imports++
		} else {
			exports++
		}
	}
	if imports > 0 {
		s += ", cache imported in " + duration(t.ImportSeconds)
	}
	if exports > 0 {
		s += ", exported in " + duration(t.ExportSeconds)
	}
	if v.cacheFailed() {
		s += ", with errors"
	}
	return s
}

// baseName is the short hash of the base, which is no foreign text.
func baseName(b Base) string {
	if isHash(b.Commit) {
		return b.Commit[:7]
	}
	return "an earlier build"
}

// balanceSheet says what the caches cost and brought, and what the build was
// compared with.
func (v *view) balanceSheet() string {
	var b strings.Builder
	v.comparison().markdown(&b, false)
	b.WriteString("\n")
	for _, s := range []sentence{v.net(), v.inMoney(), v.without(), v.residue()} {
		if s != nil {
			b.WriteString("\n")
			s.markdown(&b, false)
			b.WriteString("\n")
		}
	}
	if v.CacheChoice != "" {
		b.WriteString("\n")
		prose(v.CacheChoice+".", detailLimit).markdown(&b, false)
		b.WriteString("\n")
	}
	if len(v.Caches) > 0 {
		t := newTable("Cache", "Type", "Where", "Took:", "Size:", "Result")
		for i, c := range v.Caches {
			if i == 30 {
				t.row(words("and "+itoa(len(v.Caches)-i)+" more"), nil, nil, nil, nil, nil)
				break
			}
			var bytes, kind, where sentence
			if c.Bytes > 0 {
				bytes = amount(size(c.Bytes))
			}
			if c.Type != "" {
				kind = prose(c.Type, 20)
			}
			if c.Ref != "" {
				where = code(c.Ref, 120)
			}
			t.row(words(direction(c.Direction)), kind, where, amount(duration(c.Seconds)), bytes, cacheResult(&c))
		}
		b.WriteString("\n" + t.b.String())
	}
	return b.String()
}

func direction(d string) string {
	if d == "export" {
		return "export"
	}
	return "import"
}

// cacheResult is what became of a cache access.
func cacheResult(c *Cache) sentence {
	switch {
	case c.Error != "":
		return code(c.Error, detailLimit)
	case c.Verdict != "":
		return prose(c.Verdict, detailLimit)
	}
	return words("ok")
}

// comparison says what the build was compared with, and why with that.
func (v *view) comparison() sentence {
	base := v.Build.Base
	var s sentence
	if base.Why == WhyNone || base.Why == "" {
		s = words("No earlier build of this Dockerfile, target and platform was found to compare with")
	} else {
		s = words("Compared with the build of ")
		if isHash(base.Commit) {
			s = s.code(base.Commit[:7], 7)
		} else {
			s = s.say("an unknown commit")
		}
		if base.Ref != "" {
			s = s.say(" on ").code(shortRef(base.Ref), nameLimit)
		}
		s = s.say(whyText(base.Why))
	}
	s = s.say(". This build")
	if isHash(v.Build.Commit) {
		s = s.say(", of ").code(v.Build.Commit[:7], 7).say(",")
	}
	return s.say(" took " + duration(v.Build.WallSeconds) + ".")
}

// looked says where the first build looked for an earlier one.
func (v *view) looked() string {
	for i := range v.Causes {
		if e := &v.Causes[i].Evidence; v.firstBuild() && len(e.Searched) > 0 {
			return listFact("Looked for an earlier build in ", e.Searched).say(".").markdownText() + "\n\n"
		}
	}
	return ""
}

func whyText(why string) string {
	switch why {
	case WhyNearest:
		return ", the nearest earlier commit that was built"
	case WhyImportedIndex:
		return ", whose cache was imported"
	case WhyBranch:
		return ", the last one of this branch"
	case WhyDefaultBranch:
		return ", the last one of the default branch"
	}
	return ""
}

// shortRef is a git reference as people call it.
func shortRef(ref string) string {
	for _, p := range []string{"refs/heads/", "refs/tags/", "refs/"} {
		if s, ok := strings.CutPrefix(ref, p); ok {
			return s
		}
	}
	return ref
}

// allOf names the steps as a title.
func allOf(steps int) string {
	if steps == 1 {
		return "The only step"
	}
	return "All " + count(steps, "step")
}

// allSteps is the table of every step, in the order of the file.
func (v *view) allSteps(limit int) string {
	if len(v.Steps) == 0 {
		return ""
	}
	t := newTable("Line:", "Stage", "Step", "Cache", "Took:", "Saved:")
	for i := range v.Steps {
		s := &v.Steps[i]
		if i == limit {
			t.row(nil, nil, words("and "+count(len(v.Steps)-i, "more step")), nil, nil, nil)
			break
		}
		var stage, took, saved sentence
		if s.Stage != "" {
			stage = code(s.Stage, 40)
		}
		if missed(s) || !noTime(s.Seconds) {
			took = amount(duration(s.Seconds))
		}
		if !noTime(s.SavedSeconds) {
			saved = amount(duration(s.SavedSeconds))
		}
		t.row(v.lineCell(s), stage, v.instruction(s, nameLimit), words(statusWord(s)), took, saved)
	}
	return t.b.String()
}

// statusWord is what became of a step, as it is shown.
func statusWord(s *Step) string {
	switch {
	case s.Status == "hit" || s.Status == "failed":
		return s.Status
	case s.Status == "miss":
		return "**miss**"
	case !noTime(s.Seconds): // another one failed meanwhile
		return "stopped"
	}
	return "not run"
}

// warnings are the report's warnings, folded but counted.
func (v *view) warnings(limit int) string {
	if len(v.Warnings) == 0 {
		return ""
	}
	var b strings.Builder
	for i, w := range v.Warnings {
		if i == limit {
			b.WriteString("- and " + itoa(len(v.Warnings)-i) + " more\n")
			break
		}
		b.WriteString("- ")
		prose(w, detailLimit).markdown(&b, false)
		b.WriteByte('\n')
	}
	return folded(count(len(v.Warnings), "warning"), b.String())
}
