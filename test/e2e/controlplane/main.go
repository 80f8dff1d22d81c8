// Controlplane is etcd and the programs of Kubernetes in one file, so that the tests need one build and one
// link. The program is chosen by the name it is called by, or by the first argument.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubeapiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubecontrollermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubescheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// The log format and the metrics of clients and of the version, which each of the original mains links in too.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// programs are those that are cobra commands; etcd reads its arguments itself.
var programs = map[string]func(context.Context) *cobra.Command{
	"kube-apiserver":          func(context.Context) *cobra.Command { return kubeapiserver.NewAPIServerCommand() },
	"kube-controller-manager": func(context.Context) *cobra.Command { return kubecontrollermanager.NewControllerManagerCommand() },
	"kube-scheduler":          func(context.Context) *cobra.Command { return kubescheduler.NewSchedulerCommand() },
	"kube-proxy":              func(context.Context) *cobra.Command { return kubeproxy.NewProxyCommand() },
	// The kubelet alone takes its end from outside; the others listen for signals themselves.
	"kubelet": func(ctx context.Context) *cobra.Command { return kubelet.NewKubeletCommand(ctx) },
}

// chosen gives the program that argv names, and the arguments that are left for it.
func chosen(argv []string) (string, []string) {
	name := filepath.Base(argv[0])
	if name == "etcd" || programs[name] != nil {
		return name, argv[1:]
	}
	if len(argv) > 1 {
		return argv[1], argv[2:]
	}
	return "", nil
}

func main() {
	name, arguments := chosen(os.Args)
	if name == "etcd" {
		etcdmain.Main(append([]string{name}, arguments...))
		return
	}
	program, known := programs[name]
	if !known {
		names := []string{"etcd"}
		for each := range programs {
			names = append(names, each)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "%q is none of %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Args = append([]string{name}, arguments...)
	ctx := context.Background()
	if name == "kubelet" {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
	}
	os.Exit(cli.Run(program(ctx)))
}
