package github

import (
	"context"
	"slices"

	api "github.com/google/go-github/v60/github"
)

// filesPages is how far GitHub lists the files of a pull request: 3,000 of them.
// https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
const filesPages = 30

// placeable picks the suggestions whose lines the pull request's diff shows and no other
// one is for, be it one that stands there, at most so many, and names the others. GitHub
// commits all lines of a suggestion as they were when it was made.
func (c *Client) placeable(ctx context.Context, t thread, list, stand []Suggested, most int) (fitting []Suggested, left []string, err error) {
	wanted := map[string]bool{}
	for _, s := range list {
		wanted[s.Path] = wanted[s.Path] || most > 0 && s.fits()
	}
	patches, err := c.patches(ctx, t, wanted)
	for _, s := range list {
		taken := slices.ContainsFunc(slices.Concat(stand, fitting), func(x Suggested) bool { return x.overlaps(s.Replacement) })
		if patch := patches[s.Path]; !taken && len(fitting) < most && s.fits() && s.shows(patch) {
			fitting = append(fitting, s)
		} else {
			left = append(left, s.Key)
		}
	}
	return fitting, left, err
}

// patches returns the diffs of the files that are wanted. A file that is binary,
// too large or not among those that GitHub lists has none.
func (c *Client) patches(ctx context.Context, t thread, wanted map[string]bool) (map[string]string, error) {
	missing := 0
	for _, yes := range wanted {
		if yes {
			missing++
		}
	}
	found := map[string]string{}
	options := &api.ListOptions{PerPage: pageSize}
	for range filesPages {
		if missing == 0 {
			break
		}
		var page []*api.CommitFile
		var next int
		err := c.do(ctx, request{
			doing: "listing the files of " + t.String(),
			send: func(ctx context.Context) (*api.Response, error) {
				list, resp, err := c.api.PullRequests.ListFiles(ctx, t.owner, t.repo, t.number, options)
				if err == nil {
					page, next = list, resp.NextPage
				}
				return resp, err
			},
		})
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			if wanted[f.GetFilename()] && f.GetStatus() != "removed" {
				found[f.GetFilename()] = f.GetPatch()
				missing--
			}
		}
		if next <= options.Page {
			break
		}
		options.Page = next
	}
	return found, nil
}
