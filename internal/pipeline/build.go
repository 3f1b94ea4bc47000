package pipeline

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/report"
)

// BuildOptions are the flags of the build command.
type BuildOptions struct {
	buildkit.Options
	Builder    string
	TLS        builder.TLS
	History    string // folder, gha, or oci://REGISTRY/NAME[:TAG]
	ReportDir  string // folder
	BaseRecord string // file
	// MetadataFile is where the exporter's answer is written, and ImageIDFile the
	// image's ID.
	MetadataFile, ImageIDFile string
	GitHubToken               string
	// CostPerMinute is a price such as 0.008EUR; empty is none.
	CostPerMinute string
	Comment       string // always, on-loss or never
	Cache         string // auto, or off
	// Verify proves the suggestions by builds.
	Verify bool
}

// DefaultReportDir is where reports are written.
const DefaultReportDir = ".layercause"

// lastWords is how long a report may take when its verification was interrupted.
const lastWords = 20 * time.Second

// Build runs the build, explains it and reports it.
func Build(ctx context.Context, env Env, o BuildOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := build(ctx, env, o); err != nil {
		return classify(err)
	}
	return nil
}

func build(ctx context.Context, env Env, o BuildOptions) (fault error) {
	run, err := newRunner(env, &o)
	if err != nil {
		return err
	}
	defer func() { run.sayFault(ctx, o, fault) }()
	if len(run.records) > 0 {
		return run.publishRecords(ctx, env, o)
	}
	price, err := parsePrice(o.CostPerMinute)
	if err := cmp.Or(err, checkCache(o.Cache)); err != nil {
		return run.nameInput(err)
	}
	if o.ReportDir == "" {
		o.ReportDir = DefaultReportDir
	}
	defer run.giveBack(env, o)
	rec, err := openRecords(env, o.History, o.Logins)
	if err != nil {
		return run.nameInput(err)
	}
	defer rec.close()
	o.Options.AwaitSalt = rec.salt
	o.Options.Hidden = hidden(o, rec.store)
	o.Options.Getenv = env.LookupEnv
	o.Options.Stdout, o.Options.Log = run.stdout(env)
	o.Options.Commit, o.Options.Root = commitOf(ctx, env, run, o.Context, rec.pathSalt())
	if env.CacheDir != "" {
		o.Options.IndexDir = filepath.Join(env.CacheDir, "layercause", "files")
	}

	prepared, err := buildkit.Prepare(o.Options)
	if err != nil {
		return run.nameInput(err)
	}
	base, err := givenBase(o.BaseRecord)
	if err != nil {
		return err
	}
	rec.restore(ctx, history.KeyOf(&record.Record{Commit: o.Options.Commit, Invocation: prepared.Subject()}))
	on, err := builder.Connect(ctx, builder.Options{
		Address: o.Builder, TLS: o.TLS, Getenv: env.getenv, Stderr: env.Stderr,
		ExecutableDir: filepath.Dir(env.Executable), StateDir: stateDir(env), Job: builderJob(env, run, o.Builder), Logins: o.Logins,
	})
	if err != nil {
		return err
	}
	defer on.Close()
	if prepared.Stays(on) && !run.active {
		run.notice(env)("the image will be in the builder's cache alone; --load gives it to Docker, and --push to a registry")
	}
	choice, err := chooseCaches(ctx, env, run, o, prepared, on, rec)
	if err != nil {
		return run.nameInput(err)
	}

	wanted, warnings := readSettings(o.Root)
	a := advisor{args: prepared.Args(), getenv: env.getenv, context: o.Context, root: o.Root, off: wanted.Suggestions.Off, workflows: readWorkflows(o.Root)}
	a.commits = readCommits(ctx, o.Context, cmp.Or(o.File, filepath.Join(o.Context, "Dockerfile")), o.Root,
		cmp.Or(wanted.Suggestions.Commits, replay.DefaultCommits))
	display, endDisplay := run.display(env)
	res, err := prepared.Run(ctx, on, display)
	endDisplay()
	if err != nil {
		return err
	}

	res.Record.Job = run.job()
	c := compare(ctx, rec.store, base, res.Record)
	c.price, c.searched = price, rec.searched(c.searched)
	warnings = slices.Concat(rec.warnings, warnings, c.warnings)
	if o.Verify && res.Err == nil {
		a.verify = func(ctx context.Context, head, base *record.Record, causes []cause.Cause, all advice.Advice) (advice.Advice, []string) {
			if len(all.Suggestions) == 0 {
				return all, nil
			}
			v := newVerification(o.Options, prepared.Args(), head, base, causes)
			log, end := run.display(env)
			defer end()
			v.on, v.log = on, log
			return v.run(ctx, all)
		}
	}
	r := explainBuild(ctx, run.checkout(o.Context, res.Record), res.Record, c, a, warnings)
	if o.Verify && ctx.Err() != nil {
		// The build was there when it was interrupted, and so is its report.
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		ctx = rest
	}
	r.Links, r.CacheChoice = run.links(o.ReportDir), choice
	encoded, err := record.Encode(res.Record)
	if err != nil {
		r.Warnings = append(r.Warnings, err.Error())
	}
	if err == nil {
		r.Warnings = append(r.Warnings, rec.put(ctx, res.Record, encoded)...)
	}
	if err := writeReports(o.ReportDir, encoded, c.base, r); err != nil {
		r.Warnings = append(r.Warnings, "writing the report: "+err.Error())
		r.Links.Page = "" // it is not there
	}
	metadataErr := writeAnswers(env, o, res)
	exported := run.exportTrace(ctx, env, res.Record, r)
	run.publish(ctx, env, o, res, r)
	exported()
	rec.wait(run.notice(env))
	if res.Err != nil {
		return &Error{Code: ExitFailed, Err: res.Err, Hint: run.loginHint(res.Err)}
	}
	return metadataErr
}

// saltOf takes the history's salt; without one the record can be compared with
// no other, but is still a record.
func saltOf(s *history.Store, warnings []string) (record.Salt, []string) {
	if s != nil {
		salt, err := s.Salt()
		if err == nil {
			return salt, warnings
		}
		warnings = append(warnings, err.Error())
	}
	var salt record.Salt
	rand.Read(salt[:])
	return salt, warnings
}

func stateDir(env Env) string {
	if env.CacheDir == "" {
		return ""
	}
	return filepath.Join(env.CacheDir, "layercause", "buildkit")
}

// givenBase reads --base-record.
func givenBase(path string) (*record.Record, error) {
	if path == "" {
		return nil, nil
	}
	r, err := readRecord(path)
	if err != nil {
		return nil, usage("name a record.json.zst that an earlier build wrote", "reading --base-record %q: %w", path, err)
	}
	return r, nil
}

func readRecord(path string) (*record.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return record.Read(f)
}

// reportUnwritten is the error of a command that had nothing to do but to report.
func reportUnwritten(err error) error {
	return &Error{ExitFailed, fmt.Errorf("writing the report: %w", err), "name a writable folder with --report-dir"}
}

// writeReports writes every file of the report, each in one step: a full disk
// leaves the old file or none, never half a one. The record that was compared with is
// there for who explains the build elsewhere; one of an earlier build must not stay.
func writeReports(dir string, encoded []byte, base *record.Record, r report.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text := func(render func(report.Report) string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, render(r)); return err }
	}
	var files errgroup.Group // the page is worth a core of its own
	for name, write := range map[string]func(io.Writer) error{
		recordName:    func(w io.Writer) error { _, err := w.Write(encoded); return err },
		baseName:      func(w io.Writer) error { return record.Write(w, base) },
		"report.json": func(w io.Writer) error { return report.JSON(w, r) },
		"comment.md":  text(report.Comment),
		"summary.md":  text(report.Summary),
		"report.html": func(w io.Writer) error { return report.HTML(w, r) },
		"trace.json":  func(w io.Writer) error { return report.Trace(w, r) },
	} {
		if name == recordName && encoded == nil {
			continue // there is a warning already
		}
		if name == baseName && base == nil {
			files.Go(func() error { return removeFile(filepath.Join(dir, name)) })
			continue
		}
		files.Go(func() error { return writeFile(filepath.Join(dir, name), write) })
	}
	return files.Wait()
}

func removeFile(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	err = write(f)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
