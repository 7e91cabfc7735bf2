// Plays the flows of an input file on SimGrid: prints CPU seconds and peak memory in KiB, writes each flow's completion time.
// Input: counts of links, hosts, routes, flows; then bandwidths; routes (source, target, links); flows (start, bytes,
// source, target).
#include <ctime>
#include <cstdio>
#include <fstream>
#include <simgrid/s4u.hpp>
#include <string>
#include <vector>
namespace sg4 = simgrid::s4u;

int main(int argc, char* argv[])
{
  sg4::Engine engine(&argc, argv);
  std::ifstream in(argv[1]);
  int links, hosts, routes, flows;
  in >> links >> hosts >> routes >> flows;
  auto* zone = sg4::create_full_zone("mesh");
  std::vector<sg4::Link*> link;
  for (int i = 0; i < links; i++) {
    double bytes_per_second;
    in >> bytes_per_second;
    link.push_back(zone->create_link("l" + std::to_string(i), bytes_per_second)->set_latency(0.0)->seal());
  }
  std::vector<sg4::Host*> host;
  for (int i = 0; i < hosts; i++)
    host.push_back(zone->create_host("h" + std::to_string(i), 1e9)->seal());
  for (int i = 0; i < routes; i++) {
    int source, target, count;
    in >> source >> target >> count;
    std::vector<sg4::LinkInRoute> path;
    for (int k = 0, l; k < count; k++) {
      in >> l;
      path.emplace_back(link[l]);
    }
    zone->add_route(host[source]->get_netpoint(), host[target]->get_netpoint(), nullptr, nullptr, path, false);
  }
  zone->seal();
  std::vector<double> start(flows), end(flows);
  std::vector<long> bytes(flows);
  std::vector<int> source(flows), target(flows);
  for (int i = 0; i < flows; i++)
    in >> start[i] >> bytes[i] >> source[i] >> target[i];
  auto body = [&] {
    std::vector<sg4::CommPtr> comms;
    for (int i = 0; i < flows; i++) {
      sg4::this_actor::sleep_until(start[i]);
      comms.push_back(sg4::Comm::sendto_async(host[source[i]], host[target[i]], bytes[i]));
    }
    for (int i = 0; i < flows; i++) {
      comms[i]->wait();
      end[i] = comms[i]->get_finish_time();
    }
  };
  sg4::Actor::create("flows", host[0], body);
  auto began = std::clock();
  engine.run();
  double took = double(std::clock() - began) / CLOCKS_PER_SEC;
  std::ofstream out(argv[2]);
  out.precision(17);
  for (double at : end)
    out << at << "\n";
  std::ifstream status("/proc/self/status");
  long peak = 0;
  for (std::string word; status >> word;)
    if (word == "VmHWM:")
      status >> peak;
  std::printf("%.6f %ld\n", took, peak);
}
