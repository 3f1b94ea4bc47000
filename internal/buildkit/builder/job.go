package builder

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	cerrdefs "github.com/containerd/errdefs"
	dockerclient "github.com/moby/moby/client"
)

// A Job is one CI job. Its container is found again by its name, and by nobody
// else: two jobs on one engine, at the same time or one after the other, share no
// builder, so that none is taken away under the other. The cache goes with the
// container; who wants to keep one on a machine of their own names a builder.
type Job struct {
	// Key is lower-case hexadecimal digits that no other job has; empty is no job.
	Key string
	// Runner is what all jobs of one runner have in common, and no two at the same
	// time: what an earlier one left behind is of no use to anybody.
	Runner string
}

// runnerLabel marks the container of a job with the runner it is for.
const runnerLabel = "com.layercause.runner"

var jobKeyPattern = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

func (j Job) container() string {
	if j.Key == "" {
		return ownContainer
	}
	return ownContainer + "_" + j.Key
}

// volume is the name of the volume with the container's cache. A job's has none,
// and so the engine removes it together with the container.
func (j Job) volume() string {
	if j.Key == "" {
		return ownVolume
	}
	return ""
}

func (j Job) labels() map[string]string {
	if j.Key == "" {
		return nil
	}
	return map[string]string{runnerLabel: j.Runner}
}

// RemoveJob removes the container of o.Job and its cache. It is no error if there
// is none.
func RemoveJob(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if !jobKeyPattern.MatchString(o.Job.Key) {
		return errors.New("removing the job's builder: its key is malformed")
	}
	_, engine, err := currentEngine(o)
	if err != nil {
		return err
	}
	defer engine.Close()
	return removeContainer(ctx, engine, o.Job.container())
}

func removeContainer(ctx context.Context, engine *dockerclient.Client, name string) error {
	_, err := engine.ContainerRemove(ctx, name, dockerclient.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	// A conflict means that another process removes it just now.
	if err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
		return fmt.Errorf("removing the container %s: %w", name, err)
	}
	return nil
}

// removeStale removes what earlier jobs of the same runner left when the runner was
// killed before their ends. What goes wrong here costs space and no build.
func removeStale(ctx context.Context, o Options, engine *dockerclient.Client) {
	if o.Job.Key == "" || o.Job.Runner == "" {
		return
	}
	left, err := engine.ContainerList(ctx, dockerclient.ContainerListOptions{
		All: true, Filters: make(dockerclient.Filters).Add("label", runnerLabel+"="+o.Job.Runner),
	})
	if err != nil {
		o.notice("builders that earlier jobs may have left are not removed: %v", err)
		return
	}
	for _, c := range left.Items {
		if err := removeContainer(ctx, engine, c.ID); err != nil {
			o.notice("a builder that an earlier job left stays: %v", err)
		}
	}
}
