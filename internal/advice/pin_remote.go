package advice

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// pinRemote names the content of an ADD from the network where it gave other content
// than before, or was downloaded to find that it did not. Before:
//
//	ADD https://example.com/tool.tar.gz /opt/
//	ADD https://github.com/example/lib.git#main /lib
//
// After:
//
//	ADD --checksum=sha256:9f86… https://example.com/tool.tar.gz /opt/
//	ADD https://github.com/example/lib.git#3b0c…  /lib
//
// The checksum and the commit are those that this build met.
func pinRemote(s *scene) []candidate {
	var out []candidate
	for i, in := range s.file.Instructions {
		if in.Command != "ADD" || len(in.Args) < 2 {
			continue
		}
		git, http := s.sources(i, record.SourceGit), s.sources(i, record.SourceHTTP)
		if len(git)+len(http) == 0 {
			continue
		}
		_, sum := in.Flag("checksum")
		if sum || len(in.Args) != 2 || len(in.Heredocs) > 0 {
			s.silent(i, "it has a checksum, or more than one source")
			continue
		}
		url := in.Args[0]
		if strings.ContainsAny(url, "$\"'") || strings.Contains(url, struck) {
			s.silent(i, "its address is made from a variable, or holds a credential")
			continue
		}
		p, why := s.remoteCost(i, append(git, http...))
		if p == nil {
			s.silent(i, "it gave the same content in the builds that are known, and was not downloaded to find that out")
			continue
		}
		c, ok := candidate{}, false
		if len(git) > 0 {
			c, ok = s.pinCommit(i, in, url, why)
		} else {
			c, ok = s.pinChecksum(i, in, url, why)
		}
		if !ok {
			s.silent(i, "what it resolved to is not in the record, or %s cannot be edited safely", quoted(in))
			continue
		}
		c.predicted = p
		out = append(out, c)
	}
	return out
}

// remoteCost is what the builds lost because the content was another one, or what
// this one spent on a download for a step that hit.
func (s *scene) remoteCost(at int, sources []*record.Vertex) (*Prediction, string) {
	if l := s.lostTo(cause.RemoteSource, s.at(at)); l.hit > 0 {
		return l.prediction(), "it gave other content " + l.where()
	}
	var took float64
	for _, v := range sources {
		for _, x := range v.Intervals {
			took = max(took, x.End-x.Start)
		}
	}
	for _, x := range s.steps[at] {
		if x.Status != record.Hit {
			return nil, ""
		}
	}
	if took < worthSeconds {
		return nil, ""
	}
	return &Prediction{Commits: 1, CommitsSaved: 1, SecondsSavedPerBuild: took},
		fmt.Sprintf("it was downloaded for %.1f s to find that it is the same", took)
}

func (s *scene) pinChecksum(at int, in dockerfile.Instruction, url, why string) (candidate, bool) {
	digest, ok := s.resolved(at, record.SourceHTTP, imageDigest)
	if !ok {
		return candidate{}, false
	}
	place := strings.LastIndex(in.Text, " "+url) + 1
	if place < 1 || in.JSON {
		return candidate{}, false
	}
	flag := "--checksum=" + digest + " "
	e := s.file.Edit()
	if !e.Splice(at, place, place, flag) {
		return candidate{}, false
	}
	title := fmt.Sprintf("Give %s the checksum of what it brings: %s", quoted(in), why)
	c, ok := s.draft(e, at, title, []string{in.Text}, []string{in.Text[:place] + flag + in.Text[place:]})
	c.Assumes = append(c.Assumes, "whoever puts another file behind the URL changes the checksum with it: until then a builder that has to download it fails")
	return c, ok
}

func (s *scene) pinCommit(at int, in dockerfile.Instruction, url, why string) (candidate, bool) {
	commit, ok := s.resolved(at, record.SourceGit, gitCommit)
	if !ok {
		return candidate{}, false
	}
	remote, fragment, _ := strings.Cut(url, "#")
	ref, folder, sub := strings.Cut(fragment, ":")
	if gitCommit.MatchString(ref) || strings.Contains(url, "?") {
		return candidate{}, false
	}
	pinned := remote + "#" + commit
	if sub {
		pinned += ":" + folder
	}
	place := strings.LastIndex(in.Text, url)
	e := s.file.Edit()
	if place < 0 || !e.Splice(at, place, place+len(url), pinned) {
		return candidate{}, false
	}
	title := fmt.Sprintf("Name the commit that %s brings: %s", quoted(in), why)
	c, ok := s.draft(e, at, title, []string{in.Text}, []string{in.Text[:place] + pinned + in.Text[place+len(url):]})
	c.Assumes = append(c.Assumes, "a newer commit is brought by a change of the Dockerfile, on purpose")
	return c, ok
}
