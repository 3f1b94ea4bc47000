package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/layercause/layercause/internal/advice"
)

// The parts of SARIF 2.1.0 that are written:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string      `json:"id"`
		ShortDescription sarifText   `json:"shortDescription"`
		Help             sarifText   `json:"help"`
		HelpURI          string      `json:"helpUri"`
		Configuration    sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Fixes        []sarifFix        `json:"fixes,omitempty"`
		Properties   sarifProperties   `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId"`
	}
	// sarifRegion counts from 1; its end is not part of it.
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted *sarifText  `json:"insertedContent,omitempty"`
	}
	sarifProperties struct {
		Predicted Predicted     `json:"predicted"`
		Verified  *Verification `json:"verified,omitempty"`
		Assumes   []string      `json:"assumes,omitempty"`
	}
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	home        = "https://github.com/layercause/layercause"
	// sourceRoot is the name that GitHub gives the repository's folder.
	sourceRoot = "%SRCROOT%"
)

// AdviceSARIF writes the advice as SARIF 2.1.0, with each edit as a fix.
func AdviceSARIF(w io.Writer, a Advice) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "layercause", InformationURI: home, Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	d := &run.Tool.Driver
	for i := range a.Suggestions {
		g := &a.Suggestions[i]
		if g.Refuted {
			continue // an alert would ask for it
		}
		at := slices.IndexFunc(d.Rules, func(r sarifRule) bool { return r.ID == g.Rule })
		if at < 0 {
			at = len(d.Rules)
			d.Rules = append(d.Rules, newSarifRule(g.Rule))
		}
		run.Results = append(run.Results, newSarifResult(g, at, a.edits[i]))
	}
	if err := encode(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}); err != nil {
		return fmt.Errorf("writing SARIF: %w", err)
	}
	return nil
}

func newSarifRule(name string) sarifRule {
	what := ruleText(name)
	page := home + "/blob/main/docs/rules/" + url.PathEscape(name) + ".md"
	return sarifRule{
		ID: name, ShortDescription: sarifText{sarifMessage(what)}, HelpURI: page,
		Help: sarifText{sarifMessage(what + "\n\nHow it decides, with an example: " + page)}, Configuration: sarifConfig{"note"},
	}
}

func newSarifResult(g *Suggestion, rule int, edits []advice.FileEdit) sarifResult {
	sum := sha256.Sum256([]byte(g.Rule + "\x00" + g.File + "\x00" + g.Title))
	title := shorten(cleanLine(bounded(g.Title, 2000)), 200)
	text := strings.TrimRight(title, ". ") + "."
	if gain := suggestionGain(g); gain != "" {
		text += " " + gain
	}
	r := sarifResult{
		RuleID: g.Rule, RuleIndex: rule, Level: "note", Message: sarifText{sarifMessage(text)},
		Locations: []sarifLocation{{sarifPhysical{
			sarifPath(g.File), sarifRegion{StartLine: max(1, g.Line), EndLine: max(1, g.Line, g.EndLine)},
		}}},
		Fingerprints: map[string]string{"layercause/v1": hex.EncodeToString(sum[:16])},
		Properties:   sarifProperties{g.Predicted, g.Verified, g.Assumes},
	}
	if g.Patch == "" {
		return r // not to be applied as it is
	}
	fix := sarifFix{Description: sarifText{sarifMessage(title)}}
	for _, e := range edits {
		if !utf8.Valid(e.Before) || !utf8.Valid(e.After) {
			return r // JSON cannot hold it
		}
		c := sarifChange{Artifact: sarifPath(e.Path)}
		before, after := withoutMark(e.Before, e.After)
		for _, x := range udiff.Lines(before, after) {
			c.Replacements = append(c.Replacements, sarifReplacement{regionOf(before, x.Start, x.End), inserted(x.New)})
		}
		if len(c.Replacements) > 0 {
			fix.Changes = append(fix.Changes, c)
		}
	}
	if len(fix.Changes) > 0 {
		r.Fixes = []sarifFix{fix}
	}
	return r
}

func inserted(text string) *sarifText {
	if text == "" {
		return nil
	}
	return &sarifText{text}
}

// withoutMark takes the byte order mark off: lines and columns do not count it.
func withoutMark(before, after []byte) (string, string) {
	const mark = "\ufeff"
	if b, ok := strings.CutPrefix(string(before), mark); ok {
		if a, ok := strings.CutPrefix(string(after), mark); ok {
			return b, a
		}
	}
	return string(before), string(after)
}

// regionOf gives the lines and columns of a range of bytes. The end of the text is
// behind the last character of its last line, which may be a line break.
func regionOf(text string, start, end int) sarifRegion {
	var r sarifRegion
	r.StartLine, r.StartColumn = position(text, start)
	r.EndLine, r.EndColumn = position(text, end)
	return r
}

func position(text string, at int) (line, column int) {
	begin := strings.LastIndexByte(text[:at], '\n') + 1
	line = 1 + strings.Count(text[:begin], "\n")
	if at == len(text) && begin == at && at > 0 {
		begin = strings.LastIndexByte(text[:at-1], '\n') + 1
		line--
	}
	return line, 1 + utf8.RuneCountInString(text[begin:at])
}

// sarifPath is a path of the repository.
func sarifPath(path string) sarifArtifact {
	return sarifArtifact{(&url.URL{Path: path}).String(), sourceRoot}
}

// sarifMessage makes a text a message, where braces are a placeholder's and are
// doubled to be none, and [text](address) is a link.
func sarifMessage(text string) string {
	return strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(text)
}
