package github

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// GitHub knows no way to write a comment only if nobody has written it since it was
// read. So what is written is always everything that was ever read, joined with the
// own sections: of each section the version of the latest run. Nobody takes away a
// section but for a newer commit's, so they can be joined in any order. After a write
// one waits, reads again, and writes again if anything is missing.
//
// That loses nothing as long as the time between reading the comment and its write
// being done is shorter than what every other job waits before it reads again: at
// least settleShared, and longer where GitHub is seen to be slow.
const (
	publishWrites  = 16
	publishRetries = tries - 1 // of writes that fail
	duplicateLimit = 30        // deleted at most in one go

	settleShared = 2500 * time.Millisecond
	settleAlone  = 500 * time.Millisecond
	settleMost   = 15 * time.Second
	// slowness is how many of the slowest answers so far one waits at least.
	slowness = 3
	// createSpread is over how long jobs that share a comment spread out when it is
	// not there yet: people are notified of each one that is created.
	createSpread = 4 * time.Second
)

// publication is one call of Publish.
type publication struct {
	client   *Client
	thread   thread
	comment  Comment
	composer composer
	// known are the own sections and those of this commit that were seen in any body,
	// of each the latest version.
	known    map[string]section
	shared   bool
	outdated bool  // a section of a later run and another commit was seen
	created  int64 // the comment that this call made
	wrote    int64 // the comment that it wrote last
	spread   bool
	res      Result
}

func newPublication(c *Client, t thread, cm Comment) *publication {
	p := &publication{
		client: c, thread: t, comment: cm, shared: cm.Shared,
		known:    map[string]section{},
		composer: composer{key: cm.Key, runs: cm.Runs, titled: cm.Titled, own: map[string]func(int) string{}},
	}
	for _, s := range cm.Sections {
		p.composer.own[s.Key] = s.Text
		p.known[s.Key] = section{
			key: s.Key, commit: cm.Commit, run: cm.Run, try: cm.Attempt,
			// As the marker has it, so that all jobs rank alike.
			state: s.State, lost: math.Round(10*min(max(s.Lost, 0), 1e8)) / 10, title: oneLine(s.Title),
		}
	}
	return p
}

// run reads and writes until the comment holds what it should.
func (p *publication) run(ctx context.Context) (Result, error) {
	patience := p.client.maxWait
	for retries := 0; ; {
		own, err := p.read(ctx)
		if err != nil && p.res.Writes > 0 {
			return p.res, nil // it was written, whatever the list says
		}
		if err != nil {
			return Result{}, err
		}
		if p.outdated {
			p.retreat(ctx, own)
			return Result{Did: Outdated, Deleted: p.res.Deleted}, nil
		}
		body, shown := p.composer.compose(p.known)
		if len(own) > 0 && p.stands(own[0], shown) {
			p.res.ID, p.res.URL = own[0].GetID(), own[0].GetHTMLURL()
			if p.res.Did == "" {
				p.res.Did = Unchanged
			}
			p.remove(ctx, own[1:])
			return p.res, nil
		}
		if len(own) == 0 && p.quiet() {
			return Result{Did: Skipped}, nil
		}
		if len(own) == 0 && p.comment.Shared && !p.spread {
			p.spread = true
			if err := p.sleep(ctx, p.client.random(createSpread)); err != nil {
				return Result{}, err
			}
			continue
		}
		if err := tooLong(p.thread, body); err != nil {
			return Result{}, err
		}
		if p.res.Writes == publishWrites {
			return Result{}, &Error{Doing: "commenting on " + p.thread.String(), Reason: ErrContended}
		}
		again, err := p.write(ctx, own, body)
		wait := p.settling()
		if err != nil {
			if again == 0 || again > patience || retries == publishRetries {
				return Result{}, err
			}
			retries++
			patience -= again
			wait = again + p.client.random(settleAlone) // jobs that were refused together part
		}
		if err := p.sleep(ctx, wait); err != nil {
			return Result{}, err
		}
	}
}

// read lists the own comments with the key and learns what is in them.
func (p *publication) read(ctx context.Context) ([]*comment, error) {
	self, err := p.client.self(ctx)
	if err != nil {
		return nil, err
	}
	own, pages, err := p.client.own(ctx, p.thread, p.comment.Key, self)
	if err != nil {
		return nil, err
	}
	if p.created != 0 && !slices.ContainsFunc(own, func(cm *comment) bool { return cm.GetID() == p.created }) {
		// A list may be behind. To create another one for that would be worse.
		made, err := p.client.get(ctx, p.thread, p.created)
		switch {
		case err == nil:
			own = append(own, made)
			slices.SortFunc(own, byNumber)
		case errors.Is(err, ErrNotFound):
			p.created = 0 // somebody deleted it
		default:
			return nil, err
		}
	}
	if pages > 1 && len(own) > 0 {
		// It may have been written while the later pages were read.
		fresh, err := p.client.get(ctx, p.thread, own[0].GetID())
		if err == nil {
			own[0] = fresh
		} else if !errors.Is(err, ErrNotFound) { // of that, the write will tell
			return nil, err
		}
	}
	for _, cm := range own {
		for _, s := range sections(cm.GetBody()) {
			p.learn(s)
		}
	}
	return own, nil
}

// learn joins a section with what is known.
func (p *publication) learn(s section) {
	_, own := p.composer.own[s.key]
	p.shared = p.shared || !own
	if s.commit != p.comment.Commit {
		p.outdated = p.outdated || p.comment.Run > 0 && s.run > p.comment.Run
		return
	}
	have, known := p.known[s.key]
	switch {
	case known && !s.newer(have) && (own || have.newer(s)):
	case own && p.comment.Run == 0: // what is said by hand counts
		have.run, have.try = s.run, s.try
		p.known[s.key] = have
	default: // of the own sections too: a later attempt was faster
		delete(p.composer.own, s.key)
		p.known[s.key] = s
	}
}

// stands reports whether a comment holds exactly these sections.
func (p *publication) stands(cm *comment, shown []section) bool {
	have := sections(cm.GetBody())
	for _, s := range shown {
		h, ok := have[s.key]
		if !ok || h.commit != s.commit || s.newer(h) {
			return false
		}
		// What was just written may come back a little different, or shortened.
		if _, own := p.composer.own[s.key]; own && h.text != s.text && cm.GetID() != p.wrote {
			return false
		}
	}
	return len(have) == len(shown)
}

// quiet says that nothing of what is known asks for a comment.
func (p *publication) quiet() bool {
	for _, s := range p.known {
		if s.state != Quiet {
			return false
		}
	}
	return true
}

// write creates the comment or edits the first one. again is after how long the
// error may be gone, 0 for never. Until then others write too, so that the comment has
// to be read anew before anything is sent again.
func (p *publication) write(ctx context.Context, own []*comment, body string) (again time.Duration, err error) {
	if len(own) > 0 {
		if own[0].GetID() != p.created {
			p.res.Did = Edited // even if no answer says so
		}
		err := p.client.edit(ctx, p.thread, own[0].GetID(), body)
		if errors.Is(err, ErrNotFound) { // it vanished
			return firstBackoff, err
		} else if err != nil {
			return waitOf(err), err
		}
		p.wrote = own[0].GetID()
		p.res.ID, p.res.URL = own[0].GetID(), own[0].GetHTMLURL()
		p.res.Writes++
		return 0, nil
	}
	p.res.Did = Created
	created, err := p.client.create(ctx, p.thread, body)
	if err != nil {
		return waitOf(err), err // it may have been created all the same
	}
	p.created, p.wrote = created.GetID(), created.GetID()
	p.res.ID, p.res.URL = created.GetID(), created.GetHTMLURL()
	p.res.Writes++
	if created.GetUser().GetID() != 0 { // now it is certain who we are
		p.client.remember(authorOf(created.GetUser()))
	}
	return 0, nil
}

func waitOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.wait
	}
	return 0
}

// settling is how long to wait until what was written can be taken to stand. Jobs
// that lost a race come back spread over more time after each one.
func (p *publication) settling() time.Duration {
	least := settleAlone
	if p.shared {
		least = settleShared
	}
	least = min(max(least, slowness*p.client.slowestAnswer()), settleMost)
	return least + p.client.random(min(least<<max(p.res.Writes-1, 0), settleMost))
}

// remove deletes comments whose sections stand in the first one. One that stays does
// no harm.
func (p *publication) remove(ctx context.Context, duplicates []*comment) {
	for _, d := range duplicates[:min(len(duplicates), duplicateLimit)] {
		if p.client.remove(ctx, p.thread, d.GetID()) == nil {
			p.res.Deleted++
		}
	}
}

// retreat takes back a comment that was created beside that of a newer commit.
func (p *publication) retreat(ctx context.Context, own []*comment) {
	for i, cm := range own {
		if i > 0 && cm.GetID() == p.created {
			p.remove(ctx, []*comment{cm})
		}
	}
}

func (p *publication) sleep(ctx context.Context, d time.Duration) error {
	if err := p.client.sleep(ctx, d); err != nil {
		return &Error{Doing: "commenting on " + p.thread.String(), Detail: err.Error(), Reason: err}
	}
	return nil
}
