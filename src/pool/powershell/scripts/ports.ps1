# Which ports of a computer take a connection. Changes nothing.
#   computer   its name
#   ports      the ports
#   seconds    how long one may take
param([string] $Arguments)
$a = Read-Arguments $Arguments
$refused = @(foreach ($port in $a.ports) {
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $going = $client.BeginConnect($a.computer, $port, $null, $null)
        if (-not $going.AsyncWaitHandle.WaitOne([TimeSpan]::FromSeconds($a.seconds))) { throw 'no answer' }
        $client.EndConnect($going)
    } catch { $port } finally { $client.Close() }
})
@{ refused = $refused }
